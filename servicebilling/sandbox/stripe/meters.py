"""Billing meters, and what was used by whom in a period."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import bad_parameter
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    ID,
    LISTING,
    MOMENT,
    Choice,
    Hash,
    Text,
)

PATH = "/v1/billing/meters"
CREATE = Hash(
    must=["default_aggregation", "display_name", "event_name"],
    customer_mapping=Hash(
        must=["type", "event_payload_key"],
        type=Choice("by_id"),
        event_payload_key=Text(100),
    ),
    default_aggregation=Hash(must=["formula"], formula=Choice("count", "last", "sum")),
    display_name=Text(250),
    event_name=Text(100),
    event_time_window=Choice("day", "hour"),
    value_settings=Hash(must=["event_payload_key"], event_payload_key=Text(100)),
)
SUMMARIES = LISTING.also(
    must=["customer", "start_time", "end_time"],
    customer=ID,
    end_time=MOMENT,
    start_time=MOMENT,
    value_grouping_window=Choice("day", "hour"),
)
WINDOWS = {"hour": 3600, "day": 86_400}


def active_by_name(box: Box, event_name: str) -> Row | None:
    for meter in box.every("billing.meter"):
        if meter["event_name"] == event_name and meter["status"] == "active":
            return meter
    return None


def used(box: Box, meter: Row, customer: str, *, start: int, end: int) -> int:
    """Return what a customer used in a half-open period, aggregated as the meter says."""
    rows = [
        row
        for row in box.meter_events
        if row["meter"] == meter["id"]
        and row["customer"] == customer
        and start <= row["timestamp"] < end
        and not row["is_canceled"]
    ]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return len(rows)
    if formula == "last":
        last = max(rows, key=lambda row: row["timestamp"], default={"value": 0})
        return int(last["value"])
    return sum(row["value"] for row in rows)


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    if active_by_name(box, params["event_name"]):
        raise refused(
            f"An active meter with event name {params['event_name']} already exists.",
            param="event_name",
        )
    default = {"event_payload_key": "stripe_customer_id", "type": "by_id"}
    meter = box.add(
        "billing.meter",
        {
            "customer_mapping": params.get("customer_mapping", default),
            "default_aggregation": params["default_aggregation"],
            "display_name": params["display_name"],
            "event_name": params["event_name"],
            "event_time_window": params.get("event_time_window"),
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": box.now(),
            "value_settings": params.get("value_settings", {"event_payload_key": "value"}),
        },
    )
    emit(box, "billing.meter.created", meter)
    return meter


@routing.get(PATH, LISTING.also(status=Choice("active", "inactive")))
def list_meters(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "status")
    return listing.page(box, "billing.meter", params, url=PATH, where=fits)


@routing.get(PATH + "/{id}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("billing.meter", id)


@routing.post(PATH + "/{id}", Hash(display_name=Text(250)))
def update(box: Box, params: Row, id: str) -> Row:
    meter = box.named_in_path("billing.meter", id)
    with changing(box, meter, "billing.meter.updated"):
        meter |= params
        meter["updated"] = box.now()
    return meter


@routing.post(PATH + "/{id}/deactivate")
def deactivate(box: Box, params: Row, id: str) -> Row:
    meter = box.named_in_path("billing.meter", id)
    meter |= {
        "status": "inactive",
        "status_transitions": {"deactivated_at": box.now()},
        "updated": box.now(),
    }
    emit(box, "billing.meter.deactivated", meter)
    return meter


@routing.post(PATH + "/{id}/reactivate")
def reactivate(box: Box, params: Row, id: str) -> Row:
    meter = box.named_in_path("billing.meter", id)
    other = active_by_name(box, meter["event_name"])
    if other is not None and other["id"] != id:
        raise refused("Another active meter has this event name now.")
    meter |= {
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": box.now(),
    }
    emit(box, "billing.meter.reactivated", meter)
    return meter


@routing.get(PATH + "/{id}/event_summaries", SUMMARIES)
def list_summaries(box: Box, params: Row, id: str) -> Row:
    """Usage in the window, or per hour or day of it; newest first, none for empty parts."""
    meter = box.named_in_path("billing.meter", id)
    start, end = params["start_time"], params["end_time"]
    window = WINDOWS.get(params.get("value_grouping_window", ""), 0)
    for name, moment in (("start_time", start), ("end_time", end)):
        if moment % (window or 60):
            raise bad_parameter(
                f"{name} must be aligned with {'the window' if window else 'minute'}"
                " boundaries.",
                name,
            )
    if start >= end:
        raise bad_parameter("start_time must be before end_time.", "start_time")
    parts = range(start, end, window) if window else [start]
    rows = [
        _summary(meter, params["customer"], part, part + (window or end - start), value)
        for part in reversed(parts)
        if (
            value := used(
                box,
                meter,
                params["customer"],
                start=part,
                end=part + (window or end - start),
            )
        )
    ]
    return listing.page_of(rows, params, url=f"{PATH}/{id}/event_summaries")


def _summary(meter: Row, customer: str, start: int, end: int, value: int) -> Row:
    return {
        # The same part always has the same id, so that pages can be turned.
        "id": f"mtrusg_test_{customer[4:]}{start}",
        "object": "billing.meter_event_summary",
        "aggregated_value": value,
        "end_time": end,
        "livemode": False,
        "meter": meter["id"],
        "start_time": start,
    }
