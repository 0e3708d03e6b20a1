"""Events: what happened, with the object as it was just then."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import ApiError, unknown_id
from servicebilling.sandbox.stripe.parameters import BETWEEN, LISTING, Flag, Rows, Text
from servicebilling.sandbox.stripe.presenting import shown
from servicebilling.sandbox.stripe.versions import API_VERSION

# Older ones can no longer be fetched.
KEPT_SECONDS = 30 * 86_400
TYPES_MAX = 20
LIST = LISTING.also(
    created=BETWEEN,
    type=Text(),
    types=Rows(Text(), most=TYPES_MAX),
    delivery_success=Flag(),
)


def emit(box: Box, type: str, row: Row, *, previous: Row | None = None) -> Row:
    """Write down that something happened, and have it sent to whoever listens.

    The webhook leaves once the lock is released, so perhaps before the answer to the request
    that caused it: as at Stripe.
    """
    snapshot: Row = {"object": shown(box, row)}
    if previous is not None:
        snapshot["previous_attributes"] = previous
    customer = row["id"] if row["object"] == "customer" else row.get("customer")
    event = box.add(
        "event",
        {
            "api_version": API_VERSION,
            "created": box.now(customer),
            "data": snapshot,
            "pending_webhooks": 0,
            "request": {
                "id": box.request.id if box.request else None,
                "idempotency_key": box.request.idempotency_key if box.request else None,
            },
            "type": type,
        },
    )
    for send in SENDERS:
        send(box, event)
    return event


# Deliveries register here: they know events, events need not know them.
SENDERS: list[Any] = []


@contextmanager
def changing(box: Box, row: Row, type: str) -> Iterator[Row]:
    """Emit an `….updated` event afterwards, if the object then looks different."""
    before = shown(box, row)
    yield row
    previous = difference(before, shown(box, row))
    if previous:
        emit(box, type, row, previous=previous)


def difference(before: Row, after: Row) -> Row:
    """Return the old values of what changed; hashes only as far as they did."""
    found: Row = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found[key] = difference(old, new)
        else:
            found[key] = old
    return found


def forget_old(box: Box) -> None:
    """Drop what can no longer be fetched and need not be sent any more."""
    waited_for = {row["event"] for row in box.deliveries.values()}
    oldest = box.now() - KEPT_SECONDS
    for event in box.every("event"):
        if event["created"] < oldest and event["id"] not in waited_for:
            box.drop(event)


@routing.get("/v1/events", LIST)
def list_events(box: Box, params: Row) -> Row:
    if "type" in params and "types" in params:
        raise ApiError("You may pass type or types, not both.", param="types")
    wanted = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    oldest = box.now() - KEPT_SECONDS

    def fits(event: Row) -> bool:
        type_fits = any(_names(name, event["type"]) for name in wanted)
        return type_fits and event["created"] >= oldest and _delivery_fits(event, params)

    return listing.page(box, "event", params, url="/v1/events", where=fits)


@routing.get("/v1/events/{id}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    event = box.named_in_path("event", id)
    if event["created"] < box.now() - KEPT_SECONDS:
        raise unknown_id("event", id, param="id")
    return event


def _names(name: str, type: str) -> bool:
    """Return whether `invoice.*` (or a whole name) means this type."""
    return name in ("*", type) or (name.endswith("*") and type.startswith(name[:-1]))


def _delivery_fits(event: Row, params: Row) -> bool:
    is_delivered = event["pending_webhooks"] == 0
    return params.get("delivery_success", is_delivered) == is_delivered
