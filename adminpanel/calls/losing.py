"""Which calls cost more than they brought, as a condition that the database can apply."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from django.db.models import F, Q

from accounts.models import Organization
from billing.errors import NoRate
from billing.exchange import USD, Rates

ONE = Decimal(1)


def calls(*, since: datetime, until: datetime) -> Q:
    """Return the condition of calls of that time that lost money: no minutes that were paid
    for before stand against their cost. A currency counts where a rate of it was in force."""
    currencies = set(
        Organization.objects.order_by().values_list("currency", flat=True).distinct()
    )
    rates, lost = Rates.of(currencies), Q(pk__in=[])
    for currency in currencies:
        for begins, ends, rate in _in_force(currency, rates, since=since, until=until):
            lost |= Q(
                currency=currency,
                occurred_at__gte=begins,
                occurred_at__lt=ends,
                price__lt=F("cost") * rate,
            )
    return lost & Q(cost__gt=0, minutes_from_plan=0, minutes_from_credit=0)


def _in_force(
    currency: str, rates: Rates, *, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, Decimal]]:
    """Yield what a dollar cost in a currency, and from when until when."""
    moments = {
        at
        for pair in ((USD, currency), (currency, USD))
        for at, _ in rates.rows.get(pair, [])
        if since < at < until
    }
    for begins, ends in pairwise([since, *sorted(moments), until]):
        try:
            yield begins, ends, rates.cost_in(currency, ONE, at=begins)
        except NoRate:
            continue
