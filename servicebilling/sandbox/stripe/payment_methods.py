"""Payment methods: cards and direct debits, kept for a customer or used once."""

from servicebilling.sandbox.stripe import cards, listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.cards import Card
from servicebilling.sandbox.stripe.errors import ApiError, card_error, unknown_id
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    ADDRESS,
    ID,
    LISTING,
    Choice,
    Clearable,
    Hash,
    Metadata,
    Text,
    Whole,
    merged,
)

PATH = "/v1/payment_methods"
TYPES = Choice("card", "sepa_debit")
BILLING_DETAILS = Hash(
    address=Clearable(ADDRESS),
    email=Clearable(Text()),
    name=Clearable(Text()),
    phone=Clearable(Text()),
)
CREATE = Hash(
    must=["type"],
    billing_details=BILLING_DETAILS,
    card=Hash(
        cvc=Text(4),
        exp_month=Whole(least=1, most=12),
        exp_year=Whole(least=2000),
        number=Text(),
        token=Text(),
    ),
    metadata=Metadata(),
    sepa_debit=Hash(must=["iban"], iban=Text()),
    type=TYPES,
)
NO_DETAILS: Row = {
    "address": {
        "city": None,
        "country": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    },
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}


def make(box: Box, card: Card, *, details: Row | None = None) -> Row:
    """Return a payment method for a test card; nobody's yet."""
    if card.is_debit:
        particulars: Row = {
            "sepa_debit": {
                "bank_code": card.number[4:9],
                "branch_code": "",
                "country": card.number[:2],
                "fingerprint": _fingerprint(card),
                "generated_from": {"charge": None, "setup_attempt": None},
                "last4": card.last4,
            }
        }
    else:
        particulars = {"card": _card_particulars(box, card)}
    return box.add(
        "payment_method",
        {
            "allow_redisplay": "unspecified",
            "billing_details": NO_DETAILS | (details or {}),
            "customer": None,
            "customer_account": None,
            "metadata": {},
            "type": "sepa_debit" if card.is_debit else "card",
            **particulars,
            "_number": card.number,
            # Whether a bank has agreed that it may be charged without its owner present.
            "_is_set_up": False,
        },
    )


def card_of(method: Row) -> Card:
    return cards.BY_NUMBER[method["_number"]]


def usable(box: Box, id: str, *, param: str = "payment_method") -> Row:
    """Return a payment method by its id, or a new one for a token such as pm_card_visa."""
    if id in cards.BY_TOKEN:
        return make(box, cards.BY_TOKEN[id])
    method = box.find("payment_method", id)
    if method is None:
        raise unknown_id("PaymentMethod", id, param=param, status=400)
    return method


def attach(box: Box, method: Row, customer: Row) -> Row:
    """Keep a payment method for a customer; raise ApiError where the card is refused."""
    card = card_of(method)
    if card.behaviour == "declines":
        raise card_error(card.message, code=card.code, decline_code=card.decline_code)
    if method["customer"] == customer["id"]:
        return method
    if method["customer"] is not None:
        raise refused(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    method["customer"] = customer["id"]
    emit(box, "payment_method.attached", method)
    return method


def make_default(box: Box, method: Row, customer: Row) -> None:
    """Charge invoices of this customer to that method from now on."""
    with changing(box, customer, "customer.updated"):
        customer["invoice_settings"] = customer["invoice_settings"] | {
            "default_payment_method": method["id"]
        }


def by_number(number: str) -> Card:
    card = cards.by_number(number)
    if card is None:
        raise card_error(
            "Your card was declined. Your request was in test mode, but used a non test"
            " card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    return card


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    if params["type"] == "sepa_debit":
        number = params.get("sepa_debit", {}).get("iban", "")
    else:
        given = params.get("card", {})
        token = given.get("token", "").replace("tok_", "pm_card_")
        known = cards.BY_TOKEN.get(token)
        number = known.number if known else given.get("number", "")
    if not number:
        raise ApiError(f"Missing required param: {params['type']}.", param=params["type"])
    method = make(box, by_number(number), details=params.get("billing_details"))
    method["metadata"] = merged({}, params.get("metadata", {}))
    return method


@routing.get(PATH, LISTING.also(customer=ID, type=TYPES))
def list_methods(box: Box, params: Row) -> Row:
    if "customer" not in params:
        return listing.page_of([], params, url=PATH)
    return _of_customer(box, params, params["customer"], PATH)


@routing.get("/v1/customers/{customer}/payment_methods", LISTING.also(type=TYPES))
def list_of_customer(box: Box, params: Row, customer: str) -> Row:
    box.named_in_path("customer", customer)
    return _of_customer(box, params, customer, f"/v1/customers/{customer}/payment_methods")


@routing.get("/v1/customers/{customer}/payment_methods/{payment_method}")
def retrieve_of_customer(box: Box, params: Row, customer: str, id: str) -> Row:
    method = box.named_in_path("payment_method", id, param="payment_method")
    if method["customer"] != customer:
        raise unknown_id("PaymentMethod", id, param="payment_method")
    return method


@routing.get(PATH + "/{payment_method}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("payment_method", id, param="payment_method")


@routing.post(
    PATH + "/{payment_method}", Hash(billing_details=BILLING_DETAILS, metadata=Metadata())
)
def update(box: Box, params: Row, id: str) -> Row:
    method = box.named_in_path("payment_method", id, param="payment_method")
    with changing(box, method, "payment_method.updated"):
        if "metadata" in params:
            method["metadata"] = merged(method["metadata"], params["metadata"])
        details = params.get("billing_details", {})
        method["billing_details"] = method["billing_details"] | details
    return method


@routing.post(PATH + "/{payment_method}/attach", Hash(must=["customer"], customer=ID))
def attach_to(box: Box, params: Row, id: str) -> Row:
    customer = box.named("customer", params["customer"], param="customer")
    return attach(box, usable(box, id), customer)


@routing.post(PATH + "/{payment_method}/detach")
def detach(box: Box, params: Row, id: str) -> Row:
    method = box.named_in_path("payment_method", id, param="payment_method")
    if method["customer"] is None:
        raise refused("The payment method you provided is not attached to a customer.")
    owner = box.get("customer", method["customer"])
    with changing(box, method, "payment_method.detached"):
        method["customer"] = None
    if owner["invoice_settings"]["default_payment_method"] == id:
        with changing(box, owner, "customer.updated"):
            owner["invoice_settings"] = owner["invoice_settings"] | {
                "default_payment_method": None
            }
    return method


def _of_customer(box: Box, params: Row, customer: str, url: str) -> Row:
    fits = listing.matches(params, "type")
    return listing.page(
        box,
        "payment_method",
        {key: params[key] for key in params if key not in ("type", "customer")},
        url=url,
        where=lambda row: row["customer"] == customer and fits(row),
    )


def _card_particulars(box: Box, card: Card) -> Row:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": _fingerprint(card),
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _fingerprint(card: Card) -> str:
    # The same card has the same one, whoever it is kept for.
    return f"Sandbox{card.number[-9:]}"


def new_secret(id: str) -> str:
    """Return the client secret of an intent."""
    return f"{id}_secret_{new_id('', 25)}"
