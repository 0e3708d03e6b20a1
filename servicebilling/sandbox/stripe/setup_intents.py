"""Setup intents: keep a card for later without charging it now."""

from servicebilling.sandbox.stripe import listing, payment_methods, payments, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.errors import ApiError, card_error
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    Anything,
    Choice,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    merged,
)
from servicebilling.sandbox.stripe.presenting import shown

PATH = "/v1/setup_intents"
CREATE = Hash(
    allowed_payment_method_types=Rows(Text()),
    automatic_payment_methods=Hash(
        must=["enabled"], enabled=Flag(), allow_redirects=Choice("always", "never")
    ),
    confirm=Flag(),
    customer=ID,
    description=Text(1000),
    mandate_data=Anything(),
    metadata=Metadata(),
    payment_method=ID,
    return_url=Text(),
    usage=Choice("off_session", "on_session"),
)


def make(
    box: Box,
    *,
    customer: str | None,
    metadata: Row | None = None,
    usage: str = "off_session",
) -> Row:
    id = new_id("seti_")
    intent = box.add(
        "setup_intent",
        {
            "application": None,
            "automatic_payment_methods": None,
            "cancellation_reason": None,
            "client_secret": payment_methods.new_secret(id),
            "customer": customer,
            "customer_account": None,
            "description": None,
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "mandate": None,
            "metadata": metadata or {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": ["card", "sepa_debit"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": usage,
        },
        id=id,
    )
    emit(box, "setup_intent.created", intent)
    return intent


def confirm(box: Box, intent: Row, method: Row, *, is_authenticated: bool = False) -> str:
    """Set a card up for its customer; return the status the intent has then."""
    card = payment_methods.card_of(method)
    if card.behaviour == "declines":
        error = card_error(card.message, code=card.code, decline_code=card.decline_code)
        intent["last_setup_error"] = error.error | {"payment_method": shown(box, method)}
        emit(box, "setup_intent.setup_failed", intent)
    elif payments.asks(method, off_session=False) and not is_authenticated:
        intent |= {
            "status": "requires_action",
            "payment_method": method["id"],
            "next_action": {
                "type": "redirect_to_url",
                "redirect_to_url": {
                    "return_url": None,
                    "url": f"{box.base_url}/authenticate/{intent['id']}",
                },
            },
        }
        emit(box, "setup_intent.requires_action", intent)
    else:
        customer = box.find("customer", intent["customer"])
        if customer is not None:
            payment_methods.attach(box, method, customer)
        method["_is_set_up"] = True
        intent |= {
            "status": "succeeded",
            "payment_method": method["id"],
            "next_action": None,
            "last_setup_error": None,
        }
        emit(box, "setup_intent.succeeded", intent)
    return str(intent["status"])


def authenticate(box: Box, intent: Row, *, succeeds: bool) -> str:
    """Finish what the bank asked for."""
    method = box.get("payment_method", intent["payment_method"])
    if succeeds:
        return confirm(box, intent, method, is_authenticated=True)
    intent |= {"status": "requires_payment_method", "next_action": None}
    intent["last_setup_error"] = ApiError(
        "The provided PaymentMethod has failed authentication.",
        code="setup_intent_authentication_failure",
    ).error
    emit(box, "setup_intent.setup_failed", intent)
    return str(intent["status"])


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    if "customer" in params:
        box.named("customer", params["customer"], param="customer")
    intent = make(
        box,
        customer=params.get("customer"),
        metadata=merged({}, params.get("metadata", {})),
        usage=params.get("usage", "off_session"),
    )
    intent["description"] = params.get("description")
    given = params.get("payment_method")
    if given:
        method = payment_methods.usable(box, given)
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    if params.get("confirm"):
        _confirm(box, intent, given)
    return intent


@routing.get(PATH, LISTING.also(created=BETWEEN, customer=ID, payment_method=ID))
def list_intents(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer", "payment_method")
    return listing.page(box, "setup_intent", params, url=PATH, where=fits)


@routing.get(PATH + "/{intent}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("setup_intent", id, param="intent")


@routing.post(PATH + "/{intent}/confirm", Hash(payment_method=ID, return_url=Text()))
def confirm_by_request(box: Box, params: Row, id: str) -> Row:
    intent = box.named_in_path("setup_intent", id, param="intent")
    _confirm(box, intent, params.get("payment_method") or intent["payment_method"])
    return intent


@routing.post(PATH + "/{intent}/cancel")
def cancel(box: Box, params: Row, id: str) -> Row:
    intent = box.named_in_path("setup_intent", id, param="intent")
    if intent["status"] in ("succeeded", "canceled"):
        raise refused(
            f"You cannot cancel this SetupIntent: it is {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    intent |= {"status": "canceled", "next_action": None}
    emit(box, "setup_intent.canceled", intent)
    return intent


def _confirm(box: Box, intent: Row, method_id: str | None) -> None:
    if not method_id:
        raise refused("This SetupIntent has no payment method yet.", param="payment_method")
    method = payment_methods.usable(box, method_id)
    status = confirm(box, intent, method)
    if status not in ("succeeded", "requires_action"):
        error = intent["last_setup_error"]
        raise card_error(
            error["message"],
            code=error["code"],
            decline_code=error.get("decline_code", ""),
            more={"setup_intent": shown(box, intent)},
        )
