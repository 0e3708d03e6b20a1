"""Renewals as the clock moves: every month begins where the calendar says, is paid once and
counts from nothing; what the database's own calendar says is what we are held against."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from billing.models import Payment
from metering.balances import cycles
from metering.calls import gate, settle
from metering.models import Allowance, BillingCycle
from tests.factories import metering as make
from tests.length import IS_LONG

pytestmark = pytest.mark.django_db

# Minutes of the one call in each month, and what its plan includes.
TALKED, INCLUDED = 2, 500
PRICES = {"monthly": Decimal(204), "yearly": Decimal("2203.20")}
SETUP_FEE = Decimal(249)
# Stripe finalizes and collects a renewal an hour after it drafted it.
COLLECTED_AFTER = timedelta(hours=2)

# Both Februaries lie within two years of these, the leap day's as well.
STORIES = [
    ("monthly", "2026-03-28", 24),
    ("monthly", "2026-03-29", 24),
    ("monthly", "2026-03-30", 24),
    ("monthly", "2026-03-31", 24),
    ("monthly", "2028-02-29", 24),
    ("yearly", "2026-03-31", 24),
    ("yearly", "2028-02-29", 24),
]
SAMPLE = [("monthly", "2027-01-31", 2), ("yearly", "2028-02-29", 13)]


@pytest.mark.parametrize(("period", "day", "months"), STORIES if IS_LONG else SAMPLE)
def test_each_month_begins_where_the_calendar_says(paying, period, day, months):
    organization = paying.organization
    began_at = datetime.fromisoformat(f"{day}T10:20:30+00:00")
    paying.stripe.control("clock", to=int(began_at.timestamp()))
    number = make.make_number(organization=organization, valid_from=began_at)
    paying.subscribe("starter", period)
    _talk(number, at=paying.now)

    boundaries = _calendar(began_at, months + 1)
    years = range(0, months + 1, 12)
    paid_at = boundaries[:-1] if period == "monthly" else [boundaries[n] for n in years]
    for count, starts_at in enumerate(boundaries[1:-1], 1):
        # Every other month we look before its payment arrives, as the clock does each hour.
        if count % 2:
            paying.stripe.control("clock", to=int(starts_at.timestamp()) + 1, wait="no")
            cycles.roll_over(organization.pk, now=paying.now)
        after = int((starts_at + COLLECTED_AFTER).timestamp())
        if starts_at in paid_at or IS_LONG:
            paying.wait(to=after)
        else:
            paying.stripe.control("clock", to=after, wait="no")
        cycles.roll_over(organization.pk, now=paying.now)
        allowance = Allowance.objects.get(organization=organization)
        assert (allowance.plan_minutes, allowance.minutes_used_this_cycle) == (INCLUDED, 0)
        assert allowance.standing == "good"
        _talk(number, at=paying.now)

    served = BillingCycle.objects.filter(
        organization=organization, rate_card__code="starter-1"
    )
    rows = served.order_by("starts_at").values_list(
        "starts_at", "ends_at", "included_minutes", "minutes_used", "is_paid"
    )
    assert list(rows) == [
        (starts_at, ends_at, INCLUDED, TALKED, True)
        for starts_at, ends_at in zip(boundaries[:-1], boundaries[1:], strict=True)
    ]
    payments = Payment.objects.order_by("period_starts_at")
    assert list(payments.values_list("period_starts_at", "period_ends_at", "amount")) == [
        (at, _calendar(began_at, months + 12)[boundaries.index(at) + _span(period)], amount)
        for at, amount in zip(paid_at, _amounts(period, len(paid_at)), strict=True)
    ]
    _same_at_stripe(paying, boundaries)


def _calendar(began_at: datetime, months: int) -> list[datetime]:
    """The moment each month begins, as PostgreSQL counts months."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::timestamp + n * interval '1 month' FROM generate_series(0, %s) n",
            [began_at.replace(tzinfo=None), months],
        )
        return [row[0].replace(tzinfo=UTC) for row in cursor.fetchall()]


def _span(period: str) -> int:
    return 1 if period == "monthly" else 12


def _amounts(period: str, count: int) -> list[Decimal]:
    return [PRICES[period] + SETUP_FEE] + [PRICES[period]] * (count - 1)


def _talk(number, *, at: datetime) -> None:
    ref = make.call_ref(number)
    assert gate.admit(make.make_request(ref, at=at), now=at).admitted
    ended_at = at + timedelta(seconds=61)
    settle.settle([make.make_report(ref, started_at=at, seconds=61)], now=ended_at)


def _same_at_stripe(paying, boundaries: list[datetime]) -> None:
    """The stand-in has a calendar of its own; the overage item's months are ours."""
    items = paying.at_stripe["items"]["data"]
    [metered] = [
        one for one in items if one["price"]["recurring"]["usage_type"] == "metered"
    ]
    assert (metered["current_period_start"], metered["current_period_end"]) == (
        boundaries[-2].timestamp(),
        boundaries[-1].timestamp(),
    )
