"""Subscriptions, as callers of the API make, change and cancel them."""

from servicebilling.sandbox.stripe import discounts, listing, prices, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing
from servicebilling.sandbox.stripe.invoices.operations import AUTOMATIC_TAX, COLLECTION
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    MOMENT,
    Anything,
    Choice,
    Clearable,
    Either,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.subscriptions import (
    ending,
    ordering,
    rows,
    settling,
    waking,
)
from servicebilling.sandbox.stripe.subscriptions.creating import Order
from servicebilling.sandbox.stripe.subscriptions.creating import create as create_order

PATH = "/v1/subscriptions"
PRORATION = Choice("always_invoice", "create_prorations", "none")
PAYMENT = Choice(
    "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
)
ITEM = Hash(
    metadata=Metadata(),
    price=ID,
    price_data=prices.PRICE_DATA,
    quantity=Whole(least=0),
)
ALTERED_ITEM = ITEM.also(id=ID, deleted=Flag(), clear_usage=Flag())
TRIAL_SETTINGS = Hash(
    must=["end_behavior"],
    end_behavior=Hash(
        must=["missing_payment_method"],
        missing_payment_method=Choice("cancel", "create_invoice", "pause"),
    ),
)
BILLING_MODE = Hash(
    must=["type"],
    type=Choice("classic", "flexible"),
    flexible=Hash(proration_discounts=Choice("included", "itemized")),
)
ANCHOR_CONFIG = Hash(
    must=["day_of_month"],
    day_of_month=Whole(least=1, most=31),
    hour=Whole(least=0, most=23),
    minute=Whole(least=0, most=59),
    month=Whole(least=1, most=12),
    second=Whole(least=0, most=59),
)
ONE_TIME_LINE = Hash(
    discountable=Flag(),
    metadata=Metadata(),
    price=ID,
    price_data=prices.PRICE_DATA,
    quantity=Whole(least=1),
)
CANCEL_AT = Either(MOMENT, Choice("max_period_end", "min_period_end"))
DETAILS = Hash(
    comment=Clearable(Text()),
    feedback=Clearable(
        Choice(
            "customer_service",
            "low_quality",
            "missing_features",
            "other",
            "switched_service",
            "too_complex",
            "too_expensive",
            "unused",
        )
    ),
)
COMMON = Hash(
    add_invoice_items=Rows(ONE_TIME_LINE, most=20),
    automatic_tax=AUTOMATIC_TAX,
    cancel_at_period_end=Flag(),
    collection_method=COLLECTION,
    days_until_due=Whole(least=0),
    default_payment_method=ID,
    description=Clearable(Text(500)),
    discounts=discounts.DISCOUNTS,
    metadata=Metadata(),
    off_session=Flag(),
    payment_behavior=PAYMENT,
    payment_settings=Hash(
        payment_method_options=Anything(),
        payment_method_types=Anything(),
        save_default_payment_method=Choice("off", "on_subscription"),
    ),
    proration_behavior=PRORATION,
    trial_end=Either(MOMENT, Choice("now")),
    trial_settings=TRIAL_SETTINGS,
)
CREATE = COMMON.also(
    must=["customer"],
    billing_cycle_anchor=MOMENT,
    billing_cycle_anchor_config=ANCHOR_CONFIG,
    billing_mode=BILLING_MODE,
    cancel_at=CANCEL_AT,
    currency=CURRENCY,
    customer=ID,
    items=Rows(ITEM, most=20),
    trial_period_days=Whole(least=1),
)
UPDATE = COMMON.also(
    billing_cycle_anchor=Hash(must=["type"], type=Choice("now", "unchanged")),
    cancel_at=Clearable(CANCEL_AT),
    cancellation_details=DETAILS,
    items=Rows(ALTERED_ITEM, most=20),
    pause_collection=Clearable(
        Hash(
            must=["behavior"],
            behavior=Choice("keep_as_draft", "mark_uncollectible", "void"),
            resumes_at=MOMENT,
        )
    ),
    proration_date=MOMENT,
)
LIST = LISTING.also(
    collection_method=COLLECTION,
    created=BETWEEN,
    current_period_end=BETWEEN,
    current_period_start=BETWEEN,
    customer=ID,
    price=ID,
    status=Choice(*rows.ALIVE, "all", "canceled", "ended", "incomplete_expired"),
    test_clock=ID,
)


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    customer = box.named("customer", params["customer"], param="customer")
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise refused("A new subscription cannot wait.", param="payment_behavior")
    at = box.now(customer["id"])
    trial_end = params.get("trial_end")
    if "trial_period_days" in params:
        trial_end = at + params["trial_period_days"] * 86_400
    order = Order(
        customer=customer,
        items=[
            {
                "price": ordering.item_price(box, row, where=f"items[{number}]"),
                "quantity": row.get("quantity"),
                "metadata": merged({}, row.get("metadata", {})),
            }
            for number, row in enumerate(params.get("items", []))
        ],
        fields=settling.fields_of(box, customer, params),
        trial_end=None if trial_end == "now" else trial_end,
        anchor=params.get("billing_cycle_anchor"),
        anchor_config=params.get("billing_cycle_anchor_config"),
        proration_behavior=params.get("proration_behavior", "create_prorations"),
        payment_behavior=params.get("payment_behavior", "allow_incomplete"),
        extras=ordering.extra_lines(box, params.get("add_invoice_items", []), at=at),
        discounts=params.get("discounts") or [],
        off_session=params.get("off_session", True),
    )
    subscription = create_order(box, order)
    settling.set_cancellation(box, subscription, params)
    waking.plan_next(box, subscription)
    return subscription


@routing.get(PATH, LIST)
def list_subscriptions(box: Box, params: Row) -> Row:
    """Without a status: all that are not canceled."""
    fits = listing.matches(params, "collection_method", "customer", "test_clock")
    status = params.get("status", "")

    def matches(row: Row) -> bool:
        is_wanted = {
            "": row["status"] != "canceled",
            "all": True,
            "ended": row["status"] in ("canceled", "incomplete_expired"),
        }.get(status, row["status"] == status)
        found = rows.items_of(box, row)
        return (
            is_wanted
            and fits(row)
            and any(item["price"] == params.get("price", item["price"]) for item in found)
            and all(
                any(listing.within(item[key], params[key]) for item in found)
                for key in ("current_period_end", "current_period_start")
                if key in params
            )
        )

    return listing.page(box, "subscription", params, url=PATH, where=matches)


@routing.get(PATH + "/{subscription}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("subscription", id)


@routing.post(PATH + "/{subscription}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    subscription = box.named_in_path("subscription", id)
    is_over = subscription["ended_at"] is not None
    if is_over and set(params) - {"metadata", "cancellation_details"}:
        raise refused(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    settling.update(box, subscription, params)
    return subscription


@routing.delete(
    PATH + "/{subscription}",
    Hash(cancellation_details=DETAILS, invoice_now=Flag(), prorate=Flag()),
)
def cancel(box: Box, params: Row, id: str) -> Row:
    subscription = box.named_in_path("subscription", id)
    if subscription["ended_at"] is not None:
        raise refused(f"No such subscription: '{id}'", param="id", code="resource_missing")
    if params.get("prorate"):
        settling.credit_the_rest(box, subscription)
    if params.get("invoice_now"):
        ending.bill_the_rest(box, subscription)
    details = params.get("cancellation_details", {})
    subscription["cancellation_details"] = subscription["cancellation_details"] | details
    return ending.end(box, subscription, reason="cancellation_requested")


@routing.post(
    PATH + "/{subscription}/migrate", Hash(must=["billing_mode"], billing_mode=BILLING_MODE)
)
def migrate(box: Box, params: Row, id: str) -> Row:
    """To flexible billing mode; there is no way back."""
    subscription = box.named_in_path("subscription", id)
    if params["billing_mode"]["type"] != "flexible":
        raise refused("There is no way back to classic.", param="billing_mode[type]")
    with changing(box, subscription, "customer.subscription.updated"):
        mode = rows.billing_mode("flexible")
        at = box.now(subscription["customer"])
        subscription["billing_mode"] = mode | {"updated_at": at}
    return subscription
