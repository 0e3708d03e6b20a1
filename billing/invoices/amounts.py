"""What pay-as-you-go months cost, and what of it no invoice has asked for yet."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from billing.models import Document
from metering.models import BillingCycle, CycleCharge, CycleUsage, RateCard
from servicebilling.lib import money

POSTPAID = "postpaid"
# Reports of the last calls come within the hour after which they count as silent.
SETTLED_AFTER = timedelta(hours=1)
METERS = {
    "api_call": "API calls",
    "ai_query": "AI queries",
    "storage_mb": "MB of storage",
    "phone_number_month": "Phone numbers",
    "reported_minute": "Minutes of other systems",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of an invoice."""

    text: str
    quantity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Line(Asked):
    """One line of a month's invoice; `cycle_id` and `source` say what it asks for."""

    cycle_id: UUID
    source: str


def due(*, now: datetime, limit: int = 200) -> list[UUID]:
    """Return closed months with postpaid charges and no invoice, oldest first."""
    closed = BillingCycle.objects.filter(
        state=BillingCycle.State.CLOSED, ends_at__lte=now - SETTLED_AFTER, invoice=None
    )
    voice = closed.filter(
        charges__rate_card__when_exhausted=POSTPAID, charges__amount__gt=0
    )
    other = closed.filter(usages__rate_card__when_exhausted=POSTPAID, usages__price__gt=0)
    found = voice.union(other).values_list("ends_at", "id")
    return [cycle_id for _, cycle_id in sorted(found)[:limit]]


def lines_for(cycle: BillingCycle) -> list[Line]:
    """Return what to ask for with a month's invoice: the month, and what became of earlier
    months after theirs were written. Less than was asked for is a negative line.

    Each line is rounded half up once to what can be paid.
    """
    asked = _asked(cycle.organization_id)
    lines = []
    earlier = BillingCycle.objects.filter(
        organization_id=cycle.organization_id,
        state=BillingCycle.State.CLOSED,
        starts_at__lte=cycle.starts_at,
    ).order_by("starts_at")
    for month in earlier:
        if month != cycle and not any(key[0] == str(month.pk) for key in asked):
            continue
        lines += [
            line for line in _lines_of(month, asked, is_late=month != cycle) if line.amount
        ]
    return lines


def _asked(organization_id: UUID) -> dict[tuple[str, str], Decimal]:
    """Return what invoices have asked for already, by month and source."""
    asked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    documents = Document.objects.filter(
        organization_id=organization_id, cycle__isnull=False
    )
    for lines in documents.values_list("own_lines", flat=True):
        for line in lines:
            asked[line["cycle"], line["source"]] += Decimal(line["amount"])
    return asked


def _lines_of(
    month: BillingCycle, asked: dict[tuple[str, str], Decimal], *, is_late: bool
) -> list[Line]:
    when = f"{month.starts_at:%d %b %Y} – {month.ends_at:%d %b %Y}"
    late = ", reported late" if is_late else ""
    lines = []
    for source, text, quantity, total, currency in _sums(month):
        amount = money.rounded(total, currency) - asked[str(month.pk), source]
        lines.append(Line(f"{text}, {when}{late}", quantity, amount, month.pk, source))
    return lines


def _sums(month: BillingCycle) -> list[tuple[str, str, str, Decimal, str]]:
    sums = []
    charges = CycleCharge.objects.filter(
        cycle=month, rate_card__when_exhausted=POSTPAID
    ).select_related("rate_card")
    for charge in charges.order_by("rate_card__code"):
        source = f"voice:{charge.rate_card.code}"
        card: RateCard = charge.rate_card
        sums.append(
            (source, "Call minutes", str(charge.minutes), charge.amount, card.currency)
        )
    usages = CycleUsage.objects.filter(
        cycle=month, rate_card__when_exhausted=POSTPAID
    ).select_related("rate_card")
    for usage in usages.order_by("meter", "rate_card__code"):
        source = f"{usage.meter}:{usage.rate_card.code}"
        text = METERS.get(usage.meter, usage.meter)
        quantity = f"{usage.charged_quantity.normalize():f}"
        sums.append((source, text, quantity, usage.price, usage.currency))
    return sums
