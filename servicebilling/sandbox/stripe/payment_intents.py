"""Payment intents, as callers of the API make and confirm them."""

from servicebilling.sandbox.stripe import listing, payment_methods, payments, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import card_error
from servicebilling.sandbox.stripe.events import changing
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
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
from servicebilling.sandbox.stripe.presenting import shown

PATH = "/v1/payment_intents"
AMOUNT_MAX = 99_999_999
CONFIRM = Hash(
    off_session=Either(Flag(), Choice("one_off", "recurring")),
    payment_method=ID,
    receipt_email=Clearable(Text()),
    return_url=Text(),
    setup_future_usage=Clearable(Choice("off_session", "on_session")),
    error_on_requires_action=Flag(),
)
UPDATE = Hash(
    allowed_payment_method_types=Rows(Text()),
    amount=Whole(least=1, most=AMOUNT_MAX),
    currency=CURRENCY,
    customer=ID,
    description=Text(1000),
    excluded_payment_method_types=Rows(Text()),
    metadata=Metadata(),
    payment_method=ID,
    receipt_email=Clearable(Text()),
    setup_future_usage=Clearable(Choice("off_session", "on_session")),
    statement_descriptor=Text(22),
    statement_descriptor_suffix=Text(22),
)
CREATE = UPDATE.also(
    must=["amount", "currency"],
    automatic_payment_methods=Hash(
        must=["enabled"], enabled=Flag(), allow_redirects=Choice("always", "never")
    ),
    capture_method=Choice("automatic", "automatic_async"),
    confirm=Flag(),
    error_on_requires_action=Flag(),
    off_session=Either(Flag(), Choice("one_off", "recurring")),
    return_url=Text(),
    use_stripe_sdk=Flag(),
    mandate_data=Anything(),
)


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    if "customer" in params:
        box.named("customer", params["customer"], param="customer")
    wants = {key: params.pop(key, None) for key in ("confirm", "off_session")}
    errs = params.pop("error_on_requires_action", False)
    method_id = params.pop("payment_method", None)
    method = payment_methods.usable(box, method_id) if method_id else None
    if method is not None:
        _check_owner(method, params.get("customer"))
    for key in ("allowed_payment_method_types", "use_stripe_sdk", "mandate_data"):
        params.pop(key, None)
    params["_return_url"] = params.pop("return_url", None)
    params["metadata"] = merged({}, params.get("metadata", {}))
    params["currency"] = params["currency"].lower()
    # Payment methods of the account are allowed unless it is said otherwise.
    automatic = params.setdefault("automatic_payment_methods", {"enabled": True})
    automatic.setdefault("allow_redirects", "always")
    if wants["confirm"] and not params["_return_url"]:
        _demand_no_redirects(automatic)
    intent = payments.make(box, **params)
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    if wants["confirm"]:
        _confirm(box, intent, method, off_session=bool(wants["off_session"]), errs=errs)
    return intent


def _demand_no_redirects(automatic: Row) -> None:
    """Also for a saved card: what counts is what the intent allows, not what it uses."""
    if automatic["enabled"] and automatic["allow_redirects"] != "never":
        raise refused(
            "This PaymentIntent is configured to accept payment methods enabled in your"
            " Dashboard. Because some of these payment methods might redirect your customer"
            " off of your page, you must provide a `return_url`.",
            param="return_url",
        )


@routing.get(PATH, LISTING.also(created=BETWEEN, customer=ID))
def list_intents(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer")
    return listing.page(box, "payment_intent", params, url=PATH, where=fits)


@routing.get(PATH + "/{intent}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("payment_intent", id, param="intent")


@routing.post(PATH + "/{intent}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    intent = box.named_in_path("payment_intent", id, param="intent")
    if intent["status"] in ("succeeded", "canceled", "processing") and set(params) - {
        "metadata",
        "description",
    }:
        raise refused(
            f"This PaymentIntent could not be updated because it is {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params.pop("metadata"))
    params.pop("allowed_payment_method_types", None)
    if "payment_method" in params:
        method = payment_methods.usable(box, params["payment_method"])
        params |= {"payment_method": method["id"], "status": "requires_confirmation"}
    intent |= params
    return intent


@routing.post(PATH + "/{intent}/confirm", CONFIRM)
def confirm_by_request(box: Box, params: Row, id: str) -> Row:
    intent = box.named_in_path("payment_intent", id, param="intent")
    if intent["status"] not in (
        "requires_payment_method",
        "requires_confirmation",
        "requires_action",
    ):
        raise refused(
            f"You cannot confirm this PaymentIntent because it has a status of"
            f" {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    given = params.get("payment_method") or intent["payment_method"]
    method = payment_methods.usable(box, given) if given else None
    for key in ("setup_future_usage", "receipt_email"):
        intent[key] = params.get(key, intent[key])
    intent["_return_url"] = params.get("return_url", intent.get("_return_url"))
    errs = params.get("error_on_requires_action", False)
    _confirm(box, intent, method, off_session=bool(params.get("off_session")), errs=errs)
    return intent


@routing.post(
    PATH + "/{intent}/cancel",
    Hash(
        cancellation_reason=Choice(
            "abandoned", "duplicate", "fraudulent", "requested_by_customer"
        )
    ),
)
def cancel_by_request(box: Box, params: Row, id: str) -> Row:
    intent = box.named_in_path("payment_intent", id, param="intent")
    return payments.cancel(box, intent, reason=params.get("cancellation_reason"))


def _confirm(
    box: Box, intent: Row, method: Row | None, *, off_session: bool, errs: bool
) -> None:
    """Confirm for an API caller, who is told a refusal as an error."""
    if method is None:
        raise refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    status = payments.confirm(box, intent, method, off_session=off_session)
    if status == "requires_action" and (off_session or errs):
        with changing(box, intent, "payment_intent.payment_failed"):
            intent |= {"status": "requires_payment_method", "next_action": None}
            intent["last_payment_error"] = payments.error_of(
                box,
                method,
                code="authentication_required",
                decline_code="authentication_required",
                message="Your card was declined. This transaction requires authentication.",
            )
        status = "requires_payment_method"
    if status == "requires_payment_method":
        error = intent["last_payment_error"]
        raise card_error(
            error["message"],
            code=error["code"],
            decline_code=error.get("decline_code", ""),
            more={
                "charge": intent["latest_charge"],
                "payment_intent": shown(box, intent),
                "payment_method": error["payment_method"],
            },
        )


def _check_owner(method: Row, customer: str | None) -> None:
    if method["customer"] is not None and method["customer"] != customer:
        raise refused(
            "The provided PaymentMethod belongs to a customer. Pass the `customer` it is"
            " attached to.",
            param="payment_method",
        )
