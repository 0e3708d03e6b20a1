"""What organizations brought us: what they paid less what their calls cost us."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, Sum

from accounts.models import Organization
from billing.errors import NoRate
from billing.exchange import Rates
from billing.models import Dispute, Payment, Refund
from metering.models import DailyUsage
from servicebilling.lib import money

# Longer than any month, so each holds a renewal of whoever pays monthly.
SPAN = timedelta(days=31)
ZERO = Decimal(0)
_LONG = Q(period_ends_at__gt=F("period_starts_at") + timedelta(days=32))


def of(
    organizations: Iterable[Organization], *, since: datetime, now: datetime
) -> dict[UUID, Decimal | None]:
    """Return the margin of each, in its own currency; None where an exchange rate lacks.
    Six statements, however many they are.

    A cost counts at the rate of now: the sum of days is what we have to compare.
    """
    currencies = {one.pk: one.currency for one in organizations}
    if not currencies:
        return {}
    paid = _paid(currencies, since=since, now=now)
    refunded = _sums(Refund, "created_at", currencies, since=since, is_effective=True)
    disputed = _sums(Dispute, "created_at", currencies, since=since, is_effective=True)
    costs = dict(
        DailyUsage.objects.filter(
            organization__in=currencies, day__gte=since.astimezone(UTC).date()
        )
        .values_list("organization")
        .annotate(cost=Sum("cost"))
    )
    rates = Rates.of(currencies.values())
    found: dict[UUID, Decimal | None] = {}
    for identity, currency in currencies.items():
        whose = (identity, currency)
        brought = paid[whose] - refunded[whose] - disputed[whose]
        try:
            cost = rates.cost_in(currency, costs.get(identity) or ZERO, at=now)
        except NoRate:
            found[identity] = None
        else:
            found[identity] = brought - cost
    return found


def _paid(
    ids: Iterable[UUID], *, since: datetime, now: datetime
) -> dict[tuple[UUID, str], Decimal]:
    """Of who pays for a year at once, the part of this time, as `billing.losses` counts."""
    sums = _sums(Payment, "paid_at", ids, ~_LONG, since=since)
    rows = Payment.objects.filter(
        _LONG, organization__in=ids, period_ends_at__gt=since, period_starts_at__lt=now
    )
    columns = ("organization", "currency", "amount", "period_starts_at", "period_ends_at")
    for owner, currency, amount, begins, ends in rows.values_list(*columns):
        part = Decimal((min(ends, now) - max(begins, since)) / timedelta(seconds=1))
        whole = Decimal((ends - begins) / timedelta(seconds=1))
        sums[owner, currency] += round(amount * part / whole, money.PLACES)
    return sums


def _sums(
    model: type[Payment] | type[Refund] | type[Dispute],
    moment: str,
    ids: Iterable[UUID],
    *which: Q,
    since: datetime,
    **has: bool,
) -> dict[tuple[UUID, str], Decimal]:
    rows = (
        model.objects.filter(
            *which, organization__in=ids, **{f"{moment}__gte": since}, **has
        )
        .values_list("organization", "currency")
        .annotate(amount=Sum("amount"))
    )
    sums: dict[tuple[UUID, str], Decimal] = defaultdict(lambda: ZERO)
    sums.update({(owner, currency): amount for owner, currency, amount in rows})
    return sums
