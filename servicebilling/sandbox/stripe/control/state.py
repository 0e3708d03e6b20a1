"""What is there; start over; settings."""

from servicebilling.sandbox.stripe.box import SETTINGS, SHAPES, Box, Row
from servicebilling.sandbox.stripe.control.routes import does
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.parameters import (
    MOMENT,
    Choice,
    Flag,
    Hash,
    Number,
    Rows,
    Whole,
)
from servicebilling.sandbox.stripe.presenting import shown

CHANGEABLE = Hash(
    debit_days=Whole(least=0),
    delivers_by_itself=Flag(),
    delivery_retry_seconds=Rows(Number()),
    delivery_seconds_max=Number(),
    draft_seconds=Whole(least=0),
    dunning_days=Rows(Whole(least=0)),
    dunning_end=Choice("cancel", "past_due", "unpaid"),
    meter_errors=Choice("as_seen", "at_once", "later"),
    tax_percent=Whole(least=0, most=100),
)


def summary(box: Box) -> Row:
    return {
        "now": box.now(),
        "frozen_at": box.frozen_at,
        "counts": {kind: len(rows) for kind, rows in sorted(box.tables.items()) if rows},
        "meter_events": len(box.meter_events),
        "waiting_webhooks": len(box.deliveries),
        "faults": box.faults,
        "settings": box.settings,
        "endpoints": [_endpoint(row) for row in box.every("webhook_endpoint")],
        "mistakes": box.mistakes,
    }


@does("GET", "state")
def show(box: Box, params: Row) -> Row:
    return summary(box)


@does("GET", "objects/{kind}")
def show_objects(box: Box, params: Row, kind: str) -> Row:
    """Every object of a kind as the API would show it, oldest first."""
    if kind not in {*SHAPES, "subscription_item"}:
        raise ApiError(f"No kind of object: {kind}", status=404)
    return {"data": shown(box, list(box.every(kind)))}


@does("GET", "meter_events")
def show_meter_events(box: Box, params: Row) -> Row:
    """Every meter event that was taken, in the order in which it came."""
    return {"data": box.meter_events}


@does(
    "POST",
    "reset",
    Hash(at=MOMENT, frozen=Flag(), keep_endpoints=Flag()),
)
def reset(box: Box, params: Row) -> Row:
    """Forget everything; begin at a moment, and stand still there if asked to."""
    kept = box.tables.get("webhook_endpoint", {})
    box.tables.clear()
    destinations = dict(box.destinations)
    for name in ("answers", "deliveries", "thin_events", "destinations", "identifiers"):
        getattr(box, name).clear()
    if params.get("keep_endpoints", True):
        box.tables["webhook_endpoint"] = kept
        box.destinations.update(destinations)
    for rows in (box.faults, box.delivered, box.meter_events, box.mistakes):
        rows.clear()
    box.agenda.clear()
    box.settings = dict(SETTINGS)
    box.ahead_seconds, box.frozen_at = 0, None
    at = params.get("at", box.now())
    if params.get("frozen"):
        box.frozen_at = at
    else:
        box.ahead_seconds = at - box.now()
    return summary(box)


@does("POST", "settings", CHANGEABLE)
def change_settings(box: Box, params: Row) -> Row:
    if "delivery_retry_seconds" in params:
        params["delivery_retry_seconds"] = [
            float(pause) for pause in params["delivery_retry_seconds"]
        ]
    if "delivery_seconds_max" in params:
        params["delivery_seconds_max"] = float(params["delivery_seconds_max"])
    box.settings |= params
    return box.settings


def _endpoint(row: Row) -> Row:
    return {
        "id": row["id"],
        "url": row["url"],
        "enabled_events": row["enabled_events"],
        "secrets": [one["secret"] for one in row["_secrets"]],
    }
