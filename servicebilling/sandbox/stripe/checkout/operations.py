"""Checkout sessions, as callers of the API open, look up and expire them."""

from servicebilling.sandbox.stripe import listing, prices, routing
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.checkout import opening
from servicebilling.sandbox.stripe.invoices.operations import AUTOMATIC_TAX
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    MOMENT,
    Anything,
    Choice,
    Clearable,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.subscriptions.operations import (
    ANCHOR_CONFIG,
    BILLING_MODE,
    TRIAL_SETTINGS,
)

PATH = "/v1/checkout/sessions"
WAYS = Choice("auto", "never")
ENABLED = Hash(must=["enabled"], enabled=Flag())
CREATE = Hash(
    adaptive_pricing=Hash(enabled=Flag()),
    allow_promotion_codes=Flag(),
    allowed_payment_method_types=Rows(Text()),
    automatic_tax=AUTOMATIC_TAX,
    billing_address_collection=Choice("auto", "required"),
    cancel_url=Text(),
    client_reference_id=Text(200),
    currency=CURRENCY,
    customer=ID,
    customer_creation=Choice("always", "if_required"),
    customer_email=Text(512),
    customer_update=Hash(address=WAYS, name=WAYS, shipping=WAYS),
    discounts=Rows(Hash(coupon=ID, promotion_code=ID), most=1),
    excluded_payment_method_types=Rows(Text()),
    expires_at=MOMENT,
    invoice_creation=Hash(
        must=["enabled"],
        enabled=Flag(),
        invoice_data=Hash(
            custom_fields=Clearable(
                Rows(Hash(must=["name", "value"], name=Text(40), value=Text(140)))
            ),
            description=Text(),
            footer=Text(),
            metadata=Metadata(),
        ),
    ),
    line_items=Rows(
        Hash(
            metadata=Metadata(),
            price=ID,
            price_data=prices.PRICE_DATA,
            quantity=Whole(least=1),
        ),
        most=40,
    ),
    locale=Text(10),
    metadata=Metadata(),
    mode=Choice("payment", "setup", "subscription"),
    origin_context=Choice("mobile_app", "web"),
    payment_intent_data=Hash(
        description=Text(1000),
        metadata=Metadata(),
        receipt_email=Text(),
        setup_future_usage=Choice("off_session", "on_session"),
        statement_descriptor=Text(22),
        statement_descriptor_suffix=Text(22),
    ),
    payment_method_collection=Choice("always", "if_required"),
    payment_method_options=Anything(),
    phone_number_collection=ENABLED,
    saved_payment_method_options=Anything(),
    setup_intent_data=Hash(description=Text(), metadata=Metadata()),
    submit_type=Choice("auto", "book", "donate", "pay", "subscribe"),
    subscription_data=Hash(
        billing_cycle_anchor=MOMENT,
        billing_cycle_anchor_config=ANCHOR_CONFIG,
        billing_mode=BILLING_MODE,
        description=Text(500),
        metadata=Metadata(),
        proration_behavior=Choice("create_prorations", "none"),
        trial_end=MOMENT,
        trial_period_days=Whole(least=1, most=730),
        trial_settings=TRIAL_SETTINGS,
    ),
    success_url=Text(),
    tax_id_collection=Hash(
        must=["enabled"], enabled=Flag(), required=Choice("if_supported", "never")
    ),
    ui_mode=Choice("hosted_page"),
)
LIST = LISTING.also(
    created=BETWEEN,
    customer=ID,
    customer_details=Hash(must=["email"], email=Text()),
    payment_intent=ID,
    status=Choice("complete", "expired", "open"),
    subscription=ID,
)


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    return opening.open_session(box, params)


@routing.get(PATH, LIST)
def list_sessions(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer", "payment_intent", "status", "subscription")
    email = params.get("customer_details", {}).get("email")

    def matches(row: Row) -> bool:
        return fits(row) and (
            not email or (row["customer_details"] or {}).get("email") == email
        )

    return listing.page(box, "checkout.session", params, url=PATH, where=matches)


@routing.get(PATH + "/{session}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("checkout.session", id, param="session")


@routing.post(PATH + "/{session}", Hash(metadata=Metadata()))
def update(box: Box, params: Row, id: str) -> Row:
    session = box.named_in_path("checkout.session", id, param="session")
    if "metadata" in params:
        session["metadata"] = merged(session["metadata"], params["metadata"])
    return session


@routing.get(PATH + "/{session}/line_items", LISTING)
def list_line_items(box: Box, params: Row, id: str) -> Row:
    session = box.named_in_path("checkout.session", id, param="session")
    return listing.page_of(session["_lines"], params, url=f"{PATH}/{id}/line_items")


@routing.post(PATH + "/{session}/expire")
def expire(box: Box, params: Row, id: str) -> Row:
    return opening.expire(box, box.named_in_path("checkout.session", id, param="session"))
