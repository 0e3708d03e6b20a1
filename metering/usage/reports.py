"""What an organization has used, has left and was charged: the read side of metering.

Each report is one or two statements that an index serves, so it costs the same after ten
calls and after ten million. Nothing here locks, rolls a cycle over or writes.

`covered` are minutes of the running cycle that plan and credit paid for. The credit that
`Allowance.credit_minutes` names is reduced when the cycle closes, so what is left of it now
is less by the covered minutes that the plan did not include.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Organization
from metering.errors import NoBalances
from metering.models import (
    Agent,
    Allowance,
    Call,
    CycleCharge,
    CycleUsage,
    DailyUsage,
    Hold,
    PhoneNumber,
    Rate,
    WhenExhausted,
)

RECENT_CALLS_MAX = 100
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class CycleReport:
    """The running billing cycle, `[cycle_start, cycle_end)`. Amounts are in `currency`."""

    organization_id: UUID
    cycle_start: datetime
    cycle_end: datetime
    # Begun days until the end; 0 once it is over and the next has not opened yet.
    days_left: int
    plan_minutes: int
    # What the ledger says: negative is debt, and what this cycle used is still in it.
    credit_minutes: int
    minutes_used_this_cycle: int
    minutes_paid_otherwise: int
    minutes_held: int
    calls_open: int
    # What open holds may claim in all: the pools, and whatever `when_exhausted` allows.
    minutes_ceiling: int
    # The code of the terms in force: a plan's, and which version of it.
    rate_card: str
    # Of the running cycle; an unpaid cycle cuts off, whatever its card says.
    when_exhausted: str
    standing: str
    enforcement: str
    is_paid: bool
    is_by_the_minute: bool
    grace_minutes: int
    # The smaller of the card's limit and the organization's own; None off overage.
    overage_limit_minutes: int | None
    postpaid_limit_amount: Decimal | None
    # End of what is paid, plus the renewal grace; None: no end.
    rolls_until: datetime | None
    wallet_balance: Decimal
    # Beyond the pools, in this cycle: overage, wallet or postpaid.
    amount_charged: Decimal
    currency: str
    # The overage limit is the organization's own, below the card's.
    is_overage_capped: bool = False
    # Of meters other than calls, in this cycle, by postpaid cards: on the same invoice.
    amount_of_meters: Decimal = ZERO

    @property
    def plan(self) -> str:
        """The plan's code: cards are named by it and counted, `starter-2`; what they are
        made for besides stands after a point, `starter.trial-1`."""
        return self.rate_card.rpartition("-")[0].partition(".")[0] or self.rate_card

    @property
    def minutes_covered(self) -> int:
        return self.minutes_used_this_cycle - self.minutes_paid_otherwise

    @property
    def minutes_pool(self) -> int:
        """Plan and credit minutes of this cycle, used or not; never under zero."""
        return max(0, self.plan_minutes + self.credit_minutes)

    @property
    def minutes_remaining(self) -> int:
        """Plan and credit minutes left; never under zero, see `debt_minutes`."""
        return max(0, self.plan_minutes + self.credit_minutes - self.minutes_covered)

    @property
    def minutes_admissible(self) -> int:
        """What the next call may draw on; under one minute it is refused."""
        return max(0, self.minutes_ceiling - self.minutes_held)

    @property
    def credit_minutes_left(self) -> int:
        """The credit after what this cycle took of it; negative is debt."""
        return self.credit_minutes - max(0, self.minutes_covered - self.plan_minutes)

    @property
    def plan_minutes_left(self) -> int:
        """Plan minutes that neither usage nor an older debt has taken."""
        return self.minutes_remaining - max(0, self.credit_minutes_left)

    @property
    def debt_minutes(self) -> int:
        """Minutes used beyond what there was; the next minutes pay them first."""
        return max(0, -self.credit_minutes_left)

    @property
    def percent_used(self) -> int:
        """Of plan and credit minutes, rounded down: 100 only when nothing is left."""
        used, of = self.minutes_covered, self.minutes_pool
        if of == 0:
            return 100 if used or self.debt_minutes else 0
        return used * 100 // of

    @property
    def overage_minutes_left(self) -> int:
        if self.overage_limit_minutes is None:
            return 0
        return max(0, self.overage_limit_minutes - self.minutes_paid_otherwise)

    @property
    def postpaid_amount_left(self) -> Decimal:
        return max(ZERO, (self.postpaid_limit_amount or ZERO) - self.amount_invoiced)

    @property
    def amount_invoiced(self) -> Decimal:
        """What of this cycle the next invoice asks for, calls and other meters."""
        return self.amount_charged + self.amount_of_meters


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """Settled calls of one calendar month in the organization's zone."""

    # The first day of the month.
    month: date
    calls: int
    talk_seconds: int
    billed_minutes: int
    # What the organization was charged beyond its minutes; never the provider's cost.
    price: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call as its organization may see it."""

    id: UUID
    direction: str
    agent_name: str
    call_from: str
    call_to: str
    occurred_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    # Talk time; None: never answered, or not known yet.
    duration_seconds: int | None
    billed_seconds: int
    billed_minutes: int
    price: Decimal
    currency: str
    status: str
    # The rule that refused it; empty if none did.
    refusal: str
    # What the organization calls its own number of this call; empty: nothing.
    number_label: str


@dataclass(frozen=True, slots=True)
class Setup:
    """How far an organization has come towards its first call."""

    numbers: int
    agents: int


def usage_this_cycle(organization: Organization, *, now: datetime) -> CycleReport:
    """Return the running cycle with one statement.

    Raises `NoBalances` for an organization that never got any.
    """
    charged = (
        CycleCharge.objects.filter(cycle=OuterRef("cycle"))
        .values("cycle")
        .values(total=Sum("amount"))
    )
    of_meters = (
        CycleUsage.objects.filter(
            cycle=OuterRef("cycle"), rate_card__when_exhausted=WhenExhausted.POSTPAID
        )
        .values("cycle")
        .values(total=Sum("price"))
    )
    open_calls = (
        Hold.objects.filter(organization=OuterRef("pk"), state=Hold.State.OPEN)
        .order_by()
        .values("organization")
        .values(total=Count("pk"))
    )
    allowance = (
        Allowance.objects.select_related("rate_card", "cycle", "organization__wallet")
        .annotate(
            amount_charged=Coalesce(Subquery(charged), ZERO),
            amount_of_meters=Coalesce(Subquery(of_meters), ZERO),
            calls_open=Coalesce(Subquery(open_calls), 0),
        )
        .filter(organization=organization)
        .first()
    )
    if allowance is None:
        raise NoBalances
    return _cycle_report(allowance, now=now)


def month_totals(organization: Organization, *, month: date) -> MonthTotals:
    """Return the sums of the calendar month that `month` lies in, from the daily roll-up."""
    first = month.replace(day=1)
    days = DailyUsage.objects.filter(
        organization=organization,
        day__gte=first,
        day__lt=_next_month(first),
        meter=Rate.Meter.VOICE_MINUTE,
    )
    sums = days.aggregate(
        calls=Coalesce(Sum("count"), 0),
        talk_seconds=Coalesce(Sum("talk_seconds"), 0),
        billed_minutes=Coalesce(Sum("quantity"), ZERO),
        price=Coalesce(Sum("price"), ZERO),
    )
    sums["billed_minutes"] = int(sums["billed_minutes"])
    return MonthTotals(month=first, currency=organization.currency, **sums)


def local_day(organization: Organization, *, now: datetime) -> date:
    """Return the date it is in the organization's zone: what its month is named by."""
    return now.astimezone(ZoneInfo(organization.timezone)).date()


def recent_calls(organization: Organization, *, limit: int = 10) -> list[CallLine]:
    """Return the newest calls first, refused and running ones too."""
    calls = (
        Call.objects.filter(organization=organization)
        .select_related("agent", "phone_number")
        .defer("cost", "cost_breakdown")
        .order_by("-occurred_at", "-id")[: min(limit, RECENT_CALLS_MAX)]
    )
    return [call_line(call) for call in calls]


def setup_of(organization: Organization) -> Setup:
    """Return what is mapped to an organization, with one statement."""
    live_numbers = (
        PhoneNumber.objects.filter(organization=OuterRef("pk"), valid_to__isnull=True)
        .order_by()
        .values("organization")
        .values(total=Count("pk"))
    )
    agents = (
        Agent.objects.filter(organization=OuterRef("pk"))
        .order_by()
        .values("organization")
        .values(total=Count("pk"))
    )
    found = (
        Organization.objects.filter(pk=organization.pk)
        .values_list(Coalesce(Subquery(live_numbers), 0), Coalesce(Subquery(agents), 0))
        .get()
    )
    return Setup(numbers=found[0], agents=found[1])


def _cycle_report(allowance: Allowance, *, now: datetime) -> CycleReport:
    card, cycle = allowance.rate_card, allowance.cycle
    wallet = allowance.organization.wallet
    return CycleReport(
        organization_id=allowance.organization_id,
        cycle_start=cycle.starts_at,
        cycle_end=cycle.ends_at,
        days_left=max(0, -((now - cycle.ends_at) // timedelta(days=1))),
        plan_minutes=allowance.plan_minutes,
        credit_minutes=allowance.credit_minutes,
        minutes_used_this_cycle=allowance.minutes_used_this_cycle,
        minutes_paid_otherwise=allowance.minutes_paid_otherwise,
        minutes_held=allowance.minutes_held,
        calls_open=allowance.calls_open,  # type: ignore[attr-defined]
        minutes_ceiling=allowance.minutes_ceiling,
        rate_card=card.code,
        when_exhausted=card.when_exhausted if cycle.is_paid else WhenExhausted.CUT_OFF,
        standing=allowance.standing,
        enforcement=allowance.enforcement,
        is_paid=cycle.is_paid,
        is_by_the_minute=card.increment_step_seconds % 60 == 0,
        grace_minutes=card.grace_minutes if cycle.is_paid else 0,
        overage_limit_minutes=_overage_limit(allowance),
        postpaid_limit_amount=card.postpaid_limit_amount,
        rolls_until=allowance.rolls_until,
        wallet_balance=wallet.balance,
        amount_charged=allowance.amount_charged,  # type: ignore[attr-defined]
        currency=wallet.currency,
        is_overage_capped=(_overage_limit(allowance) or 0)
        < (card.overage_limit_minutes or 0)
        and cycle.is_paid,
        amount_of_meters=allowance.amount_of_meters,  # type: ignore[attr-defined]
    )


def _overage_limit(allowance: Allowance) -> int | None:
    card = allowance.rate_card
    if card.when_exhausted != WhenExhausted.OVERAGE or not allowance.cycle.is_paid:
        return None
    limits = [card.overage_limit_minutes, allowance.overage_limit_minutes]
    return min(limit for limit in limits if limit is not None)


def call_line(call: Call) -> CallLine:
    """Return a call, read with its agent and number, as its organization may see it."""
    shown: dict[str, Any] = {
        name: getattr(call, name)
        for name in CallLine.__dataclass_fields__
        if name not in ("agent_name", "number_label")
    }
    return CallLine(
        agent_name=call.agent.name if call.agent else "",
        number_label=call.phone_number.label if call.phone_number else "",
        **shown,
    )


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
