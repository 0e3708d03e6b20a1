"""Months of an organization: begin, roll over, put other terms in force.

Billing calls these; metering never asks about plans or payments.
"""

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import Organization
from metering import rating
from metering.balances import cards, ledger, months
from metering.balances.book import Book, Cycle
from metering.balances.ledger_models import Wallet
from metering.balances.models import Allowance, BillingCycle, RateCard
from servicebilling.lib.ids import new_id

# A payment whose period starts this near the running cycle's start is for that cycle.
SAME_START_WITHIN = timedelta(days=1)
PAGE_SIZE = 500
# A run ends well before the worker's limit; the next one goes on.
RUN_SECONDS = 200

log = logging.getLogger(__name__)


@transaction.atomic
def begin(
    *,
    organization_id: UUID,
    card_id: UUID,
    now: datetime,
    anchor_at: datetime | None = None,
    rolls_until: datetime | None = None,
    standing: str = Allowance.Standing.GOOD,
) -> None:
    """Give an organization its balances: a running cycle, an allowance and a wallet.

    The cycle contains `now` and ends at a month boundary of `anchor_at` (else of `now`).
    Raises `IntegrityError` if the organization has balances already, `LedgerError` for a
    card in another currency than the organization's.
    """
    anchor_at = anchor_at or now
    card = RateCard.objects.get(id=card_id)
    _demand_currency(card, Organization.objects.get(id=organization_id).currency)
    cycle = BillingCycle.objects.create(
        id=new_id(),
        organization_id=organization_id,
        starts_at=months.boundary_before(anchor_at, now),
        ends_at=months.next_boundary(anchor_at, now),
        rate_card=card,
        included_minutes=card.included_minutes,
    )
    Wallet.objects.create(organization_id=organization_id, currency=card.currency)
    Allowance.objects.create(
        organization_id=organization_id,
        rate_card=card,
        plan_card=card,
        cycle=cycle,
        cycle_ends_at=cycle.ends_at,
        plan_minutes=card.included_minutes,
        anchor_at=anchor_at,
        rolls_until=rolls_until,
        standing=standing,
    )
    with ledger.opened_one(organization_id, now=now):
        """Opening and closing the book writes the ceiling."""


def roll_over(organization_id: UUID, *, now: datetime) -> None:
    """Close what has ended and open the running cycle; nothing happens if none is due."""
    with ledger.opened_one(organization_id, now=now):
        """Opening the book rolls it over."""


def roll_over_due(*, now: datetime) -> int:
    """Roll over whatever is due, longest ago first, in bounded memory; returns how many.

    One that fails is logged and holds up nobody behind it.
    """
    rolled, last, until = 0, None, time.monotonic() + RUN_SECONDS
    while (page := _due_after(last, now)) and time.monotonic() < until:
        for _, organization_id in page:
            try:
                roll_over(organization_id, now=now)
                rolled += 1
            except Exception:
                log.exception("the cycle of %s would not roll over", organization_id)
        last = page[-1]
    return rolled


def _due_after(
    last: tuple[datetime, UUID] | None, now: datetime
) -> list[tuple[datetime, UUID]]:
    due = Allowance.objects.filter(cycle_ends_at__lte=now)
    if last is not None:
        at, organization_id = last
        due = due.filter(
            Q(cycle_ends_at__gt=at)
            | Q(cycle_ends_at=at, organization_id__gt=organization_id)
        )
    keys = due.order_by("cycle_ends_at", "organization_id")
    return list(keys.values_list("cycle_ends_at", "organization_id")[:PAGE_SIZE])


def change_card(*, organization_id: UUID, card_id: UUID, now: datetime) -> None:
    """Put a card in force in the running cycle and for those after it.

    More plan minutes count at once; fewer stop at what is used and held, so a change never
    makes debt. What was charged stays charged. Raises `LedgerError` for a card in another
    currency.
    """
    with ledger.opened_one(organization_id, now=now) as book:
        live, included = book.live, _card(book, card_id).included_minutes
        book.plan_card_id = live.card_id = card_id
        _include(live, max(included, min(live.included, book.net + book.held)))


def change_card_pro_rata(*, organization_id: UUID, card_id: UUID, now: datetime) -> None:
    """Put a card in force whose minutes were paid for the rest of the running cycle only.

    The cycle then includes the old card's minutes for its past and the new card's for its
    rest, rounded down, but never fewer than before: going up and down gains nothing.
    """
    with ledger.opened_one(organization_id, now=now) as book:
        live, card = book.live, _card(book, card_id)
        second = timedelta(seconds=1)
        whole = (live.ends_at - live.starts_at) // second
        rest = min(whole, max(0, (live.ends_at - now) // second))
        before = book.cards[live.card_id].included_minutes
        share = (before * (whole - rest) + card.included_minutes * rest) // whole
        book.plan_card_id = live.card_id = card_id
        _include(live, max(live.included, share))


def end_plan(*, organization_id: UUID, card_id: UUID, now: datetime) -> None:
    """Put a card without a plan in force: plan minutes end, but for those in use."""
    change_card(organization_id=organization_id, card_id=card_id, now=now)
    with ledger.opened_one(organization_id, now=now) as book:
        book.rolls_until = None
        book.standing = Allowance.Standing.NO_PLAN


def change_card_at_end(*, organization_id: UUID, card_id: UUID, now: datetime) -> None:
    """Let the next cycle open with a card; the running one keeps its terms. Raises
    `LedgerError` for a card in another currency."""
    with ledger.opened_one(organization_id, now=now) as book:
        book.plan_card_id = _card(book, card_id).id


def change_card_with_period(
    *, organization_id: UUID, card_id: UUID, period_starts_at: datetime, now: datetime
) -> None:
    """Put a card in force that includes fewer minutes, from a period's start on.

    A cycle that opened with the period, or in it, gets the new terms as by `change_card`;
    one that began before keeps its own to its end. Raises `LedgerError` for a card in
    another currency.
    """
    with ledger.opened_one(organization_id, now=now) as book:
        began_before = book.live.starts_at < period_starts_at
        keeps_terms = began_before and not _is_near(book, period_starts_at)
    change = change_card_at_end if keeps_terms else change_card
    change(organization_id=organization_id, card_id=card_id, now=now)


def start_period(
    *,
    organization_id: UUID,
    card_id: UUID,
    starts_at: datetime,
    rolls_until: datetime | None,
    now: datetime,
    included_minutes: int | None = None,
) -> None:
    """Open the first cycle of a paid plan at the period's start; months count from there.

    It includes the card's minutes, unless others are named (of a trial). A cycle that already
    began at or after the start is taken over instead. What was used before stays in the cycle
    that admitted it.

    Raises `LedgerError` for a card in another currency.
    """
    with ledger.opened_one(organization_id, now=now) as book:
        card = _card(book, card_id)
        book.plan_card_id = card_id
        book.rolls_until = rolls_until
        book.anchor_at = opens_at = min(starts_at, now)
        if opens_at > book.live.starts_at:
            book.live.ends_at = opens_at
            book.roll_over(now)
            if included_minutes is not None:
                book.live.included = included_minutes
            return
        book.live.ends_at = months.next_boundary(opens_at, book.live.starts_at)
        book.live.card_id, book.live.is_paid = card_id, True
        included = card.included_minutes if included_minutes is None else included_minutes
        book.live.included = max(book.live.included, included)


def vouch(
    *,
    organization_id: UUID,
    period_starts_at: datetime,
    rolls_until: datetime | None,
    now: datetime,
) -> bool:
    """Say that a period is paid: cycles roll over with their minutes until `rolls_until`.

    Fills the running cycle if it opened unpaid at the period's start, or lies wholly within
    the period (of a year that is paid late); a period never opens a second cycle. Returns
    whether it filled one.
    """
    with ledger.opened_one(organization_id, now=now) as book:
        if (
            rolls_until is None
            or book.rolls_until is None
            or rolls_until > book.rolls_until
        ):
            book.rolls_until = rolls_until
        return _fill(book, period_starts_at, rolls_until)


def set_standing(*, organization_id: UUID, standing: str, now: datetime) -> None:
    with ledger.opened_one(organization_id, now=now) as book:
        book.standing = standing


def set_enforcement(*, organization_id: UUID, enforcement: str, now: datetime) -> None:
    with ledger.opened_one(organization_id, now=now) as book:
        book.enforcement = enforcement


def set_overage_limit(*, organization_id: UUID, minutes: int | None, now: datetime) -> None:
    """Set the organization's own spend cap on overage; None: only the card's."""
    with ledger.opened_one(organization_id, now=now) as book:
        book.overage_limit_minutes = minutes


def _include(live: Cycle, minutes: int) -> None:
    """Give the running cycle its minutes, unless nobody paid for it: the payment does."""
    live.included = minutes if live.is_paid else 0


def _card(book: Book, card_id: UUID) -> rating.Card:
    card = cards.get([card_id])[card_id]
    _demand_currency(card, book.currency)
    book.cards[card_id] = card
    return card


def _demand_currency(card: RateCard | rating.Card, currency: str) -> None:
    if card.currency != currency:
        raise ledger.LedgerError(f"the card is in {card.currency}, not {currency}")


def _fill(book: Book, period_starts_at: datetime, rolls_until: datetime | None) -> bool:
    covered = period_starts_at <= book.live.starts_at and (
        rolls_until is None or book.live.ends_at <= rolls_until
    )
    if book.live.is_paid or not (covered or _is_near(book, period_starts_at)):
        return False
    book.live.is_paid = True
    book.live.included = book.terms(book.live).included_minutes
    return True


def _is_near(book: Book, starts_at: datetime) -> bool:
    return abs(book.live.starts_at - starts_at) <= SAME_START_WITHIN
