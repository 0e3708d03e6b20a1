"""What staff decide about overage that goes no way by itself: the next invoice, an invoice of
its own, or nobody pays."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, Q

from accounts import audit
from accounts.models import User
from billing import discrepancies
from billing.errors import NothingToDecide, ReasonMissing
from billing.invoices import issuing
from billing.invoices.amounts import Asked
from billing.models import Discrepancy, Document, OverageDelivery
from billing.overage import doubts, payers, refused
from metering.balances import ledger
from metering.models import Rate
from servicebilling.lib import money

Route, State = OverageDelivery.Route, OverageDelivery.State

# A subscription may be on its way; after that staff are told that nobody bills it.
WAITED_FOR = timedelta(days=3)
REASON_LENGTH_MIN = 3
NEVER = datetime.min.replace(tzinfo=UTC)


def is_open(row: OverageDelivery) -> bool:
    """Return whether a row waits for staff: refused, in doubt, or billed by nobody."""
    if row.state == State.WAITING:
        return row.route == Route.NONE
    return row.state in (State.REFUSED, State.UNCERTAIN)


def has_payer(row: OverageDelivery) -> bool:
    return bool(payers.of([row.organization_id]))


def put_on_next_invoice(
    row_id: int, *, reason: str, actor: User, now: datetime, may_be_counted: bool = False
) -> None:
    """Let a row go on the next invoice of the subscription; quiet if it does already.

    Minutes that the meter has refused never go there again: it would take their key for
    known and count nothing. Minutes in doubt go only if its sum shows that they are not
    there, or if staff know that they `may_be_counted`. Raises `CountedAlready`,
    `MayBeCounted`, and `NothingToDecide`, also where there is no subscription.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ReasonMissing
    doubts.demand_absence(row_id, is_known=may_be_counted, now=now)
    _put_on_next_invoice(row_id, reason=reason, actor=actor, now=now)


@transaction.atomic
def _put_on_next_invoice(row_id: int, *, reason: str, actor: User, now: datetime) -> None:
    row = _opened(row_id, reason, now)
    if row.route == Route.ITEM and row.state in (State.WAITING, State.DELIVERED):
        return
    if not is_open(row) or not has_payer(row):
        raise NothingToDecide
    row.provider = payers.of([row.organization_id])[row.organization_id].provider
    row.save(update_fields=["provider"])
    refused.become_item(row, now=now)
    _note(row, "put_on_invoice", "put on the next invoice", reason, actor, now)


@transaction.atomic
def write_off(row_id: int, *, reason: str, actor: User, now: datetime) -> None:
    """Let nobody pay for a row; quiet if that was decided already. Raises
    `NothingToDecide`."""
    row = _opened(row_id, reason, now)
    if row.state == State.WRITTEN_OFF:
        return
    if not is_open(row):
        raise NothingToDecide
    row.state, row.next_attempt_at = State.WRITTEN_OFF, None
    row.save(update_fields=["state", "next_attempt_at"])
    _note(row, "written_off", "written off", reason, actor, now)


@transaction.atomic
def ask_apart(row_id: int, *, reason: str, actor: User, now: datetime) -> Document:
    """Ask for all that waits unbilled beside a row with an invoice of its own; the same
    invoice if that was done already. The provider makes it where the organization is its
    customer. Raises `NothingToDecide`.
    """
    row = _opened(row_id, reason, now)
    if row.invoice is not None:
        return row.invoice
    rows = waiting_beside(row)
    lines = lines_of(rows)
    if not rows or row.currency != row.organization.currency:
        raise NothingToDecide
    if sum((line.amount for line in lines), Decimal(0)) <= 0:
        raise NothingToDecide("There is nothing to pay in this.")
    document = issuing.issued(issuing.drafted(row.organization, lines, now=now))
    for one in rows:
        one.route, one.state, one.invoice = Route.INVOICE, State.DELIVERED, document
        one.delivered_at = now
        one.save(update_fields=["route", "state", "invoice", "delivered_at"])
    _note(row, "asked_apart", "asked for apart", reason, actor, now)
    notice_unbilled(now=now)
    return document


def waiting_beside(row: OverageDelivery) -> list[OverageDelivery]:
    """Return the rows of the same organization and currency that nobody bills."""
    rows = OverageDelivery.objects.filter(
        organization_id=row.organization_id,
        currency=row.currency,
        route=Route.NONE,
        state=State.WAITING,
    )
    return list(rows.select_related("cycle").order_by("occurred_at", "id"))


def lines_of(rows: list[OverageDelivery]) -> list[Asked]:
    """Return what an invoice of these rows says: a line per month and meter, each rounded
    half up once."""
    minutes: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        what = Rate.Meter(row.meter).label if row.meter else "Call minutes"
        month = f"{row.cycle.starts_at:%d %b %Y} – {row.cycle.ends_at:%d %b %Y}"
        text = f"{what} beyond the plan, {month}"
        minutes[text] += row.minutes
        amounts[text] += row.amount
    return [
        Asked(text, str(minutes[text] or ""), money.rounded(amount, rows[0].currency))
        for text, amount in amounts.items()
        if money.rounded(amount, rows[0].currency)
    ]


def notice_unbilled(*, now: datetime) -> int:
    """Tell staff of organizations whose overage nobody bills for days, and at once of what
    an ended subscription left out; settled when it is on its way. Returns how many there
    are."""
    is_late = Q(created_at__lte=now - WAITED_FOR) | Q(returned_at__isnull=False)
    late = OverageDelivery.objects.filter(
        is_late, route=Route.NONE, state=State.WAITING
    ).select_related("organization")
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    owners = {}
    accepted_at = _accepted_at()
    for row in late:
        key = (row.organization.slug, row.currency)
        if _late_since(row) > accepted_at.get(f"{key[0]} {key[1]}", NEVER):
            sums[key] += row.amount
            owners[key] = row.organization_id
    for (slug, currency), amount in sums.items():
        discrepancies.open_one(
            kind=Discrepancy.Kind.USAGE_UNBILLED,
            provider="",
            subject=f"{slug} {currency}",
            organization_id=owners[slug, currency],
            ours=money.shown(amount, currency),
            theirs="no subscription bills it",
            apart_by=amount,
            now=now,
        )
    gone = Discrepancy.objects.filter(
        kind=Discrepancy.Kind.USAGE_UNBILLED, settled_at=None
    ).exclude(subject__in=[f"{slug} {currency}" for slug, currency in sums])
    gone.update(settled_at=now, settlement="gone at the next look")
    return len(sums)


def _late_since(row: OverageDelivery) -> datetime:
    return row.returned_at or row.created_at + WAITED_FOR


def _accepted_at() -> dict[str, datetime]:
    """Return until when staff have accepted that nobody bills somebody's overage; what came
    after that is told anew, alone."""
    accepted = Discrepancy.objects.filter(
        kind=Discrepancy.Kind.USAGE_UNBILLED, settled_by__isnull=False
    )
    rows = accepted.values_list("subject").annotate(last=Max("settled_at"))
    return dict(rows)


def _opened(row_id: int, reason: str, now: datetime) -> OverageDelivery:
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ReasonMissing
    known = OverageDelivery.objects.get(pk=row_id)
    with ledger.opened_one(known.organization_id, now=now):
        """Two decisions about one organization queue here."""
    return (
        OverageDelivery.objects.select_for_update(of=("self",))
        .select_related("organization", "invoice")
        .get(pk=row_id)
    )


def _note(
    row: OverageDelivery, deed: str, told: str, reason: str, actor: User, now: datetime
) -> None:
    audit.record(
        organization=row.organization,
        actor=actor,
        action=f"overage.{deed}",
        detail={
            "overage": row.key,
            "minutes": row.minutes,
            "amount": str(row.amount),
            "reason": reason.strip(),
        },
        now=now,
    )
    for kind in (Discrepancy.Kind.USAGE_REFUSED, Discrepancy.Kind.USAGE_DIFFERS):
        discrepancies.settle(
            kind=kind,
            provider=row.provider,
            subject=row.key,
            settlement=f"{told}: {reason.strip()}",
            now=now,
        )
