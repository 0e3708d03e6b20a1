"""Stripe's test cards and test bank accounts, and what happens when they are charged."""

from dataclasses import dataclass
from typing import Literal

Behaviour = Literal[
    "pays",
    # Refused as soon as it is given.
    "declines",
    # Can be kept, but every charge fails: how a renewal fails.
    "declines_charges",
    # Asks for authentication until it was set up for later use.
    "authenticates_once",
    "authenticates_always",
    "pays_then_disputes",
    "refunds_fail",
    # Direct debits are decided days later.
    "debits",
    "debit_fails",
    "debits_then_disputes",
]


@dataclass(frozen=True)
class Card:
    number: str
    behaviour: Behaviour
    # What the pay page says beside it.
    label: str
    # The id that stands for it in API calls.
    token: str
    brand: str = "visa"
    code: str = "card_declined"
    decline_code: str = "generic_decline"
    message: str = "Your card was declined."

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def is_debit(self) -> bool:
        return self.behaviour in ("debits", "debit_fails", "debits_then_disputes")


CARDS = (
    Card("4242424242424242", "pays", "Pays", "pm_card_visa"),
    Card(
        "5555555555554444", "pays", "Pays (Mastercard)", "pm_card_mastercard", "mastercard"
    ),
    Card("4000000000000002", "declines", "Is declined", "pm_card_visa_chargeDeclined"),
    Card(
        "4000000000009995",
        "declines",
        "Is declined: insufficient funds",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        decline_code="insufficient_funds",
        message="Your card has insufficient funds.",
    ),
    Card(
        "4000000000000069",
        "declines",
        "Is declined: expired",
        "pm_card_chargeDeclinedExpiredCard",
        code="expired_card",
        decline_code="expired_card",
        message="Your card has expired.",
    ),
    Card(
        "4000000000000341",
        "declines_charges",
        "Can be saved, then every charge fails",
        "pm_card_chargeCustomerFail",
    ),
    Card(
        "4000002500003155",
        "authenticates_once",
        "Asks for authentication (3-D Secure)",
        "pm_card_authenticationRequiredOnSetup",
    ),
    Card(
        "4000002760003184",
        "authenticates_always",
        "Asks for authentication every time",
        "pm_card_authenticationRequired",
    ),
    Card(
        "4000000000000259",
        "pays_then_disputes",
        "Pays, then the charge is disputed",
        "pm_card_createDispute",
    ),
    Card(
        "4000000000005126",
        "refunds_fail",
        "Pays; a refund fails later",
        "pm_card_refundFail",
    ),
    Card(
        "AT611904300234573201",
        "debits",
        "Direct debit: is paid some days later",
        "pm_success_at",
        "sepa_debit",
    ),
    Card(
        "AT861904300235473202",
        "debit_fails",
        "Direct debit: fails some days later",
        "pm_failed_at",
        "sepa_debit",
        code="payment_intent_payment_attempt_failed",
        decline_code="insufficient_funds",
        message="The payment failed.",
    ),
    Card(
        "AT591904300235473203",
        "debits_then_disputes",
        "Direct debit: is paid, then disputed",
        "pm_disputed_at",
        "sepa_debit",
    ),
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {card.token: card for card in CARDS}


def by_number(number: str) -> Card | None:
    """Return the test card with this number, however it is spaced."""
    return BY_NUMBER.get(number.replace(" ", "").replace("-", "").upper())
