"""Test clocks: customers made with one live by it, and it moves when it is told to."""

from servicebilling.sandbox.stripe import clock, listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.parameters import LISTING, MOMENT, Hash, Text

PATH = "/v1/test_helpers/test_clocks"
KIND = "test_helpers.test_clock"
LIFE_SECONDS = 30 * 86_400


@routing.post(PATH, Hash(must=["frozen_time"], frozen_time=MOMENT, name=Text(300)))
def create(box: Box, params: Row) -> Row:
    row = box.add(
        KIND,
        {
            "deletes_after": box.now() + LIFE_SECONDS,
            "frozen_time": params["frozen_time"],
            "name": params.get("name"),
            "status": "ready",
            "status_details": {},
        },
    )
    emit(box, "test_helpers.test_clock.created", row)
    return row


@routing.get(PATH, LISTING)
def list_clocks(box: Box, params: Row) -> Row:
    return listing.page(box, KIND, params, url=PATH)


@routing.get(PATH + "/{test_clock}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path(KIND, id)


@routing.post(
    PATH + "/{test_clock}/advance", Hash(must=["frozen_time"], frozen_time=MOMENT)
)
def advance(box: Box, params: Row, id: str) -> Row:
    """Move the clock; it is ready again before the answer is given.

    At Stripe that takes a while, and at most two intervals of the shortest subscription
    are allowed at a time: held here, too.
    """
    row = box.named_in_path(KIND, id)
    to = params["frozen_time"]
    if to <= row["frozen_time"]:
        raise refused("A test clock only moves forward.", param="frozen_time")
    _check_distance(box, row, to)
    row["status"] = "advancing"
    row["status_details"] = {"advancing": {"target_frozen_time": to}}
    emit(box, "test_helpers.test_clock.advancing", row)
    answer = dict(row)
    clock.run_due(box, id, until=to)
    row |= {"frozen_time": to, "status": "ready", "status_details": {}}
    emit(box, "test_helpers.test_clock.ready", row)
    return answer


@routing.delete(PATH + "/{test_clock}")
def delete(box: Box, params: Row, id: str) -> Row:
    """Delete the clock and everybody who lives by it."""
    row = box.named_in_path(KIND, id)
    emit(box, "test_helpers.test_clock.deleted", row)
    owned = {
        customer["id"]
        for customer in box.every("customer")
        if customer.get("test_clock") == id
    }
    for kind in ("subscription", "invoice", "customer"):
        for one in box.every(kind):
            if one["id"] in owned or one.get("customer") in owned:
                box.drop(one)
    box.agenda.pop(id, None)
    box.drop(row)
    return {"id": id, "object": KIND, "deleted": True}


def _check_distance(box: Box, row: Row, to: int) -> None:
    days = {"day": 1, "week": 7, "month": 31, "year": 366}
    shortest = [
        days[box.get("price", item["price"])["recurring"]["interval"]]
        for subscription in box.every("subscription")
        if subscription["test_clock"] == row["id"] and subscription["ended_at"] is None
        for item in box.every("subscription_item")
        if item["subscription"] == subscription["id"]
    ]
    if shortest and to > row["frozen_time"] + 2 * min(shortest) * 86_400:
        raise ApiError(
            "Cannot advance more than two intervals from the current frozen time based on"
            " the shortest subscription interval configured.",
            param="frozen_time",
            is_kept=False,
        )
