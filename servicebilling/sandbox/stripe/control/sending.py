"""Webhooks by hand: which there are, in what order they go, with which secret."""

from servicebilling.sandbox.stripe import deliveries, webhook_endpoints
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.control.routes import does
from servicebilling.sandbox.stripe.errors import unknown_id
from servicebilling.sandbox.stripe.parameters import Flag, Hash, Rows, Text


@does("GET", "deliveries", Hash(event=Text(), is_open=Flag()))
def show(box: Box, params: Row) -> Row:
    """Deliveries under way and done, with every try."""
    rows = [] if params.get("is_open") else list(box.delivered)
    rows += sorted(box.deliveries.values(), key=lambda row: int(row["order"]))
    wanted = params.get("event")
    return {"data": [row for row in rows if wanted in (None, row["event"])]}


@does(
    "POST",
    "deliver",
    Hash(also_later=Flag(), events=Rows(Text(), most=10_000), endpoint=Text()),
    is_locked=False,
)
def deliver(box: Box, params: Row) -> Row:
    """Deliver what waits, or these events in this order, however often each is named.

    With `also_later` what is held, delayed or between two tries goes, too. Returns what
    each was answered with.
    """
    if "events" not in params:
        done = deliveries.drain(box, also_later=params.get("also_later", False))
        return {"data": done}
    done = []
    for id in params["events"]:
        with box.lock:
            rows = _fresh(box, id, params.get("endpoint"))
        done += [
            {"event": id, "type": row["type"], **deliveries.attempt(box, row)}
            for row in rows
        ]
    return {"data": done}


@does("POST", "endpoints/{id}/roll")
def roll(box: Box, params: Row, id: str) -> Row:
    """Make a new secret; for a day both sign."""
    endpoint = box.named_in_path("webhook_endpoint", id)
    return {"secret": webhook_endpoints.roll(box, endpoint)}


def _fresh(box: Box, event_id: str, endpoint: str | None) -> list[Row]:
    """Return claimed deliveries of an event, in place of those that still wait."""
    event = box.find("event", event_id) or box.thin_events.get(event_id)
    if event is None:
        raise unknown_id("event", event_id, param="events", status=400)
    for row in list(box.deliveries.values()):
        if row["event"] == event_id and not row["is_under_way"]:
            del box.deliveries[row["id"]]
    is_thin = event_id in box.thin_events
    ids = box.destinations if is_thin else box.tables.get("webhook_endpoint", {})
    made = []
    for id in ids:
        if endpoint in (None, id):
            row = deliveries.put_on_its_way(
                box, event_id, id, event_type=event["type"], is_claimed=True
            )
            made.append(row)
    return made
