"""How the service stands now: what the operator's first page shows.

Each part is one statement that an index serves. "Today" is the day in UTC so far: the
platform's organizations live in many zones.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from accounts import periodic_runs
from accounts.models import PeriodicRun
from billing import exchange
from billing.errors import NoRate
from billing.models import Dispute, Payment, Refund
from metering.models import (
    Allowance,
    Call,
    DailyUsage,
    Decision,
    Hold,
    ProviderBalance,
    Rate,
)
from servicebilling.lib import money

ZERO = Decimal(0)
NEAR_CUT_OFF_PERCENT = 80
LISTED_MAX = 8
# Without a claim of any periodic task for so long, nobody is turning the clock.
CLOCK_STOPPED_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Amount:
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Today:
    calls: int
    calls_in_progress: int
    talk_seconds: int
    billed_minutes: int
    # What customers were charged beyond their minutes, by currency.
    charged: tuple[Amount, ...]
    provider_cost_usd: Decimal
    # Rule and how often, the commonest first.
    refusals: tuple[tuple[str, int], ...]

    @property
    def refused(self) -> int:
        return sum(count for _, count in self.refusals)


@dataclass(frozen=True, slots=True)
class NearCutOff:
    organization_id: str
    name: str
    covered: int
    pool: int
    remaining: int

    @property
    def percent(self) -> int:
        return 100 if self.pool <= 0 else min(100, self.covered * 100 // self.pool)


@dataclass(frozen=True, slots=True)
class Standings:
    """How many organizations are in trouble, and the worst of those near their end."""

    near_cut_off: tuple[NearCutOff, ...]
    past_due: int
    in_grace: int
    without_plan: int


@dataclass(frozen=True, slots=True)
class Clock:
    last_run_at: datetime | None
    # Of the task that beat asks for each minute for its own sake.
    heartbeat_at: datetime | None
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    calls: int
    billed_minutes: int
    provider_cost_usd: Decimal


def today(*, now: datetime) -> Today:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    calls = Call.objects.filter(occurred_at__gte=midnight, occurred_at__lte=now)
    sums = calls.aggregate(
        calls=Count("pk", filter=~Q(status=Call.Status.REFUSED)),
        talk_seconds=Coalesce(Sum("duration_seconds"), 0),
        billed_minutes=Coalesce(Sum("billed_minutes"), 0),
        provider_cost_usd=Coalesce(Sum("cost"), ZERO),
    )
    charged = (
        calls.filter(price__gt=0)
        .values("currency")
        .annotate(amount=Sum("price"))
        .order_by("currency")
    )
    refusals = (
        Decision.objects.filter(created_at__gte=midnight, result=Decision.Result.REFUSED)
        .values_list("rule")
        .annotate(count=Count("pk"))
        .order_by("-count", "rule")
    )
    return Today(
        calls_in_progress=Hold.objects.filter(state=Hold.State.OPEN).count(),
        charged=tuple(Amount(**row) for row in charged),
        refusals=tuple(refusals),
        **sums,
    )


def standings() -> Standings:
    """Return the organizations whose minutes end soon, the nearest first, and how many do
    not pay."""
    covered = F("minutes_used_this_cycle") - F("minutes_paid_otherwise")
    pool = F("plan_minutes") + F("credit_minutes")
    near = (
        Allowance.objects.annotate(covered=covered, pool=pool)
        .filter(pool__gt=0, covered__gte=pool * NEAR_CUT_OFF_PERCENT / 100)
        .exclude(standing=Allowance.Standing.NO_PLAN)
        .order_by(F("pool") - F("covered"))
        .values_list("organization_id", "organization__name", "covered", "pool")
    )
    counts = Allowance.objects.aggregate(
        past_due=Count("pk", filter=Q(standing=Allowance.Standing.PAST_DUE)),
        in_grace=Count("pk", filter=Q(standing=Allowance.Standing.GRACE)),
        without_plan=Count("pk", filter=Q(standing=Allowance.Standing.NO_PLAN)),
    )
    listed = tuple(
        NearCutOff(str(pk), name, used, of, max(0, of - used))
        for pk, name, used, of in near[:LISTED_MAX]
    )
    return Standings(near_cut_off=listed, **counts)


def clock(*, now: datetime) -> Clock:
    last_run_at = (
        PeriodicRun.objects.order_by("-started_at")
        .values_list("started_at", flat=True)
        .first()
    )
    is_stopped = last_run_at is None or now - last_run_at > CLOCK_STOPPED_AFTER
    return Clock(last_run_at, periodic_runs.last_start(periodic_runs.HEARTBEAT), is_stopped)


def revenue(*, since: datetime) -> tuple[Amount, ...]:
    """Return what was paid to us since then less what went back, by currency; as the chart
    of days and months counts it."""
    came = Payment.objects.filter(paid_at__gte=since).values_list("currency")
    went = (
        model.objects.filter(is_effective=True, created_at__gte=since)
        .values_list("currency")
        .annotate(moved=-Sum("amount"))
        for model in (Refund, Dispute)
    )
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for currency, moved in came.annotate(moved=Sum("amount")).union(*went, all=True):
        sums[currency] += moved
    return tuple(Amount(*one) for one in sorted(sums.items()))


def margin_usd(
    paid: Iterable[Amount], cost_usd: Decimal, *, now: datetime
) -> Decimal | None:
    """Return what is left of the amounts after the cost, in dollars; None where an exchange
    rate lacks."""
    left = -cost_usd
    for one in paid:
        try:
            left += one.amount * exchange.rate_at(one.currency, exchange.USD, now)
        except NoRate:
            return None
    return money.amount(round(left, money.PLACES))


def provider_balance() -> ProviderBalance | None:
    """Return what our account at the telephony provider held when it was last asked."""
    return ProviderBalance.objects.order_by("-read_at").first()


def days(*, until: date, count: int = 30) -> tuple[Day, ...]:
    """Return the last days, each with its sums, from the daily roll-up; empty days too."""
    first = until - timedelta(days=count - 1)
    found = {
        row["day"]: Day(**row)
        for row in DailyUsage.objects.filter(
            day__range=(first, until), meter=Rate.Meter.VOICE_MINUTE
        )
        .values("day")
        .annotate(
            calls=Sum("count"),
            billed_minutes=Sum("quantity"),
            provider_cost_usd=Sum("cost"),
        )
        .order_by("day")
    }
    wanted = (first + timedelta(days=number) for number in range(count))
    return tuple(found.get(day) or Day(day, 0, 0, ZERO) for day in wanted)
