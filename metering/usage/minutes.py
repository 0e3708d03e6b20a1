"""May a call of so many minutes begin? The gate's rules, asked without holding anything."""

from datetime import datetime
from decimal import Decimal

from accounts.models import Organization
from metering import rating
from metering.balances import ledger
from metering.balances.book import Book
from metering.models import Hold
from metering.usage import admission
from metering.usage.holds import Answer, demand_balances

_EXHAUSTED = {
    rating.CUT_OFF: "no_minutes",
    rating.OVERAGE: "overage_limit",
    rating.WALLET: "wallet_empty",
    rating.POSTPAID: "credit_limit",
}


def check(organization: Organization, *, quantity: Decimal, now: datetime) -> Answer:
    """Return whether minutes for a call are there. Raises NoBalances."""
    demand_balances(organization)
    book = ledger.peek(organization.pk, now=now)
    rule = _reason_against(book, organization, quantity)
    return Answer(
        meter="voice_minute",
        quantity=quantity,
        reason=rule if _is_enforced(rule, book, quantity) else "",
        used=Decimal(book.live.used),
        held=Decimal(book.held),
        included=Decimal(book.live.included),
        quota_limit=None,
    )


def _reason_against(book: Book, organization: Organization, quantity: Decimal) -> str:
    """The rule by which `gate_admit` would refuse, in its order."""
    card = book.terms(book.live)
    calls_open = Hold.objects.filter(
        organization=organization, state=Hold.State.OPEN, kind=Hold.Kind.CALL
    ).count()
    if organization.status != Organization.Status.ACTIVE:
        return organization.status
    if book.standing == "past_due":
        return "past_due"
    if calls_open >= card.calls_at_once_max:
        return "too_many_calls"
    if book.available >= max(Decimal(1), quantity):
        return ""
    if book.standing == "no_plan":
        return "no_plan"
    # As the gate: by the card in force, also of a cycle that nobody paid for.
    return _EXHAUSTED[book.cards[book.live.card_id].when_exhausted]


def _is_enforced(rule: str, book: Book, quantity: Decimal) -> bool:
    """As the gate: a cap that the customer set holds also in shadow mode."""
    is_capped = (
        book.cards[book.live.card_id].when_exhausted == rating.OVERAGE
        and book.overage_limit_minutes is not None
    )
    is_over_cap = is_capped and book.available < max(Decimal(1), quantity)
    return admission.is_enforced(rule, book) or bool(rule and is_over_cap)
