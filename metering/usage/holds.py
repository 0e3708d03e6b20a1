"""Ask first, pay after, for meters other than calls: a quantity set aside until it was used.

Like the gate of calls: one locked row decides, so of many who ask at once only those are
admitted whom something can pay for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from accounts.models import Organization
from metering.balances import ledger, top_ups_due
from metering.balances.book import Book
from metering.errors import NoBalances
from metering.models import Allowance, UsageHold
from metering.quantities import MeterRate
from metering.usage import admission, writing
from metering.usage.admission import WALLET_EMPTY
from metering.usage.batch import Batch
from metering.usage.errors import (
    BadEvent,
    HoldClosed,
    KeyReused,
    UnknownEvent,
    refusal,
)
from metering.usage.events import QUANTITY_MAX, Recorded, Use

LASTS = timedelta(hours=1)
# As of an event: more is a slip of somebody's program.
TOO_MUCH = f"A quantity is at most {QUANTITY_MAX:,}."
LASTS_MAX = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as its asker sees it."""

    hold_id: UUID
    meter: str
    quantity: Decimal
    expires_at: datetime
    state: str
    # What was recorded for it, once it is settled.
    recorded: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """May this much be used? Nothing was set aside. `reason` is empty if it may."""

    meter: str
    quantity: Decimal
    reason: str
    used: Decimal
    held: Decimal
    # None: the card says nothing of the meter, it is counted and costs nothing.
    included: Decimal | None
    quota_limit: Decimal | None


def check(
    organization: Organization, *, meter: str, quantity: Decimal, now: datetime
) -> Answer:
    """Return whether it would be admitted now; holds nothing, locks nothing. A rule that is
    only watched says no to nobody.

    Raises NoBalances.
    """
    demand_balances(organization)
    book = ledger.peek(organization.pk, now=now)
    live = book.live
    rate = book.terms(live).meters.get(meter)
    rule = admission.reason_against(
        book, live, meter=meter, quantity=quantity, status=organization.status
    )
    return Answer(
        meter=meter,
        quantity=quantity,
        reason=rule if admission.is_enforced(rule, book) else "",
        used=sum((usage.quantity for usage in live.usages_of(meter)), Decimal(0)),
        held=admission.held_of(book, live, meter),
        included=_included(rate, live.is_paid),
        quota_limit=rate.quota_limit if rate else None,
    )


def hold(
    organization: Organization,
    *,
    meter: str,
    quantity: Decimal,
    reference: str,
    now: datetime,
    lasts: timedelta = LASTS,
) -> Held:
    """Set a quantity aside. The same reference asked again gets the same hold.

    Raises NothingPays, QuotaReached, KeyReused, BadEvent, NoBalances.
    """
    if not timedelta(0) < lasts <= LASTS_MAX:
        raise BadEvent("A hold lasts 1 second to 24 hours.")
    if quantity > QUANTITY_MAX:
        raise BadEvent(TOO_MUCH)
    demand_balances(organization)
    with ledger.opened_one(organization.pk, now=now) as book:
        before = UsageHold.objects.filter(
            organization=organization, reference=reference
        ).first()
        if before is not None:
            if (before.meter, before.quantity) != (meter, quantity):
                raise KeyReused("This reference was used for another hold.")
            return _held(before)
        status = Organization.objects.values_list("status", flat=True).get(
            pk=organization.pk
        )
        live = book.live
        rule = admission.reason_against(
            book, live, meter=meter, quantity=quantity, status=status, is_promise=True
        )
        is_refused = admission.is_enforced(rule, book)
        if not is_refused:
            made = UsageHold.objects.create(
                organization=organization,
                reference=reference,
                meter=meter,
                quantity=quantity,
                rate_card_id=live.card_id,
                cycle_id=live.id,
                would_refuse=bool(rule),
                created_at=now,
                expires_at=now + lasts,
            )
            _count(book, made, quantity)
        if rule in ("", WALLET_EMPTY):
            top_ups_due.tell(
                book, reference=reference, is_refused=rule == WALLET_EMPTY, now=now
            )
    # Only now: what was told of the wallet is to stay.
    if is_refused:
        raise refusal(rule)
    return _held(made)


def settle(
    organization: Organization, *, hold_id: UUID, quantity: Decimal, now: datetime
) -> Held:
    """Record what was used for a hold, by its cycle and card; more than was held counts, too.

    Settling again with the same quantity changes nothing; a hold that ran out can still be
    settled. Raises UnknownEvent (no such hold), HoldClosed, BadEvent.
    """
    if quantity > QUANTITY_MAX:
        raise BadEvent(TOO_MUCH)
    found = _find(organization, hold_id)
    with ledger.opened([organization.pk], now=now, cycles=[found.cycle_id]) as books:
        book = books[organization.pk]
        found.refresh_from_db()
        use = Use(
            meter=found.meter,
            quantity=quantity,
            key=f"_hold:{found.id}",
            occurred_at=found.created_at,
            metadata={writing.WOULD_REFUSE: "hold"} if found.would_refuse else {},
            is_fact=True,
            is_own=True,
        )
        batch = Batch(
            book,
            status=Organization.Status.ACTIVE,
            now=now,
            known=writing.events_by_key(organization.pk, [use]),
        )
        if found.state == UsageHold.State.SETTLED:
            if found.settled_quantity != quantity:
                raise HoldClosed
        elif found.state == UsageHold.State.RELEASED:
            raise HoldClosed
        recorded = None
        if quantity:
            recorded = batch.take(
                use, cycle=book.cycle(found.cycle_id), card_id=found.rate_card_id
            )
        _close(book, found, UsageHold.State.SETTLED, now=now, quantity=quantity)
        writing.write(book, batch.events, now=now)
    return _held(found, recorded)


def release(organization: Organization, *, hold_id: UUID, now: datetime) -> Held:
    """Let a hold go; again, or after it ran out, changes nothing. Raises UnknownEvent,
    HoldClosed for one that was settled."""
    found = _find(organization, hold_id)
    with ledger.opened([organization.pk], now=now, cycles=[found.cycle_id]) as books:
        found.refresh_from_db()
        if found.state == UsageHold.State.SETTLED:
            raise HoldClosed
        _close(books[organization.pk], found, UsageHold.State.RELEASED, now=now)
    return _held(found)


def sweep(*, now: datetime, limit: int = 500) -> int:
    """End holds that nobody settled in time; what they set aside is free again. Returns how
    many."""
    due = UsageHold.objects.filter(
        state=UsageHold.State.OPEN, expires_at__lte=now
    ).order_by("expires_at")[:limit]
    ended = 0
    for found in due:
        with ledger.opened_one(found.organization_id, now=now) as book:
            found.refresh_from_db()
            if found.state == UsageHold.State.OPEN:
                _close(book, found, UsageHold.State.EXPIRED, now=now)
                ended += 1
    return ended


def demand_balances(organization: Organization) -> None:
    """Raises NoBalances for an organization that was never given any."""
    if not Allowance.objects.filter(organization=organization).exists():
        raise NoBalances


def _included(rate: MeterRate | None, is_paid: bool) -> Decimal | None:
    if rate is None:
        return None
    return rate.included if is_paid else Decimal(0)


def _find(organization: Organization, hold_id: UUID) -> UsageHold:
    found = UsageHold.objects.filter(organization=organization, pk=hold_id).first()
    if found is None:
        raise UnknownEvent
    return found


def _close(
    book: Book,
    found: UsageHold,
    state: UsageHold.State,
    *,
    now: datetime,
    quantity: Decimal | None = None,
) -> None:
    """Move a hold on, if it is not there already; what an open one held is free again."""
    if found.state == state or (
        found.state == UsageHold.State.EXPIRED and state == UsageHold.State.RELEASED
    ):
        return
    if found.state == UsageHold.State.OPEN:
        _count(book, found, -found.quantity)
    found.state, found.settled_quantity, found.closed_at = state, quantity, now
    found.save(update_fields=["state", "settled_quantity", "closed_at"])


def _count(book: Book, found: UsageHold, quantity: Decimal) -> None:
    key = (found.cycle_id, found.rate_card_id, found.meter)
    book.usage_holds[key] = book.usage_holds.get(key, Decimal(0)) + quantity


def _held(found: UsageHold, recorded: Recorded | None = None) -> Held:
    return Held(
        hold_id=found.id,
        meter=found.meter,
        quantity=found.quantity,
        expires_at=found.expires_at,
        state=found.state,
        recorded=recorded,
    )
