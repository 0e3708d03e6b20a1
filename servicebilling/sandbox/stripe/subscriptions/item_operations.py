"""Single items of a subscription: added, changed and removed like any other change."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.parameters import (
    ID,
    LISTING,
    MOMENT,
    Flag,
    Hash,
)
from servicebilling.sandbox.stripe.subscriptions import rows, settling
from servicebilling.sandbox.stripe.subscriptions.operations import ITEM, PAYMENT, PRORATION

PATH = "/v1/subscription_items"
OF_CHANGE = ("payment_behavior", "proration_behavior", "proration_date", "off_session")
ALTERED = ITEM.also(
    off_session=Flag(),
    payment_behavior=PAYMENT,
    proration_behavior=PRORATION,
    proration_date=MOMENT,
)


@routing.post(PATH, ALTERED.also(must=["subscription"], subscription=ID))
def create(box: Box, params: Row) -> Row:
    subscription = box.named(
        "subscription", params.pop("subscription"), param="subscription"
    )
    before = {row["id"] for row in rows.items_of(box, subscription)}
    how, entry = _split(params)
    settling.update(box, subscription, how | {"items": [entry]})
    return next(row for row in rows.items_of(box, subscription) if row["id"] not in before)


@routing.get(PATH, LISTING.also(must=["subscription"], subscription=ID))
def list_items(box: Box, params: Row) -> Row:
    box.named("subscription", params["subscription"], param="subscription")
    return listing.page(
        box,
        "subscription_item",
        params,
        url=PATH,
        where=lambda row: row["subscription"] == params["subscription"],
    )


@routing.get(PATH + "/{item}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("subscription_item", id)


@routing.post(PATH + "/{item}", ALTERED)
def update(box: Box, params: Row, id: str) -> Row:
    item = box.named_in_path("subscription_item", id)
    how, entry = _split(params)
    subscription = box.get("subscription", item["subscription"])
    settling.update(box, subscription, how | {"items": [entry | {"id": id}]})
    return box.get("subscription_item", id)


@routing.delete(
    PATH + "/{item}",
    Hash(
        clear_usage=Flag(),
        payment_behavior=PAYMENT,
        proration_behavior=PRORATION,
        proration_date=MOMENT,
    ),
)
def delete(box: Box, params: Row, id: str) -> Row:
    item = box.named_in_path("subscription_item", id)
    how, _ = _split(params)
    subscription = box.get("subscription", item["subscription"])
    entry = {"id": id, "deleted": True}
    settling.update(box, subscription, how | {"items": [entry]})
    return {"id": id, "object": "subscription_item", "deleted": True}


def _split(params: Row) -> tuple[Row, Row]:
    how = {key: value for key, value in params.items() if key in OF_CHANGE}
    entry = {key: value for key, value in params.items() if key not in OF_CHANGE}
    return how, entry
