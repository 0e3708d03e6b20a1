"""What the calls of a month would have cost on each plan that is sold."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from accounts.models import Organization
from billing import plan_costs, reports
from billing.models import Plan, Subscription
from billing.models.subscriptions import LIVING
from billing.plan_costs import Bundle, MonthCost, Taken, Terms
from metering.balances import cards
from metering.models import Allowance, WhenExhausted
from metering.rating import Card
from metering.usage import analytics

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ComparedPlan:
    code: str
    name: str
    included_minutes: int
    when_exhausted: str
    cost: MonthCost
    # Total divided by the minutes talked; None if nobody talked.
    per_minute: Decimal | None
    is_current: bool
    # It served every minute, and no other that did so costs less.
    is_cheapest: bool


@dataclass(frozen=True, slots=True)
class PlanComparison:
    """The plans in the order they are shown; amounts in `currency`. Set-up fees, credit that
    was left over and taxes are not counted; calls only, no other meters."""

    month: date
    minutes: int
    talk_seconds: int
    currency: str
    plans: tuple[ComparedPlan, ...]

    @property
    def current(self) -> ComparedPlan | None:
        return next((one for one in self.plans if one.is_current), None)


def compare_plans(
    organization: Organization, *, month: date, now: datetime
) -> PlanComparison:
    """Return the calendar month's calls priced on each plan in the organization's currency,
    its own with the terms it began with. A month's cost is the same after any history."""
    taken = _taken(organization, month)
    offers = _offers(organization)
    bundles = _bundles(organization, offers, now=now)
    costs = [plan_costs.month_cost(taken, offer.terms, bundles) for offer in offers]
    served = [cost.total for cost in costs if not cost.refused_minutes]
    least = min(served, default=None)
    return PlanComparison(
        month=month.replace(day=1),
        minutes=taken.minutes,
        talk_seconds=taken.talk_seconds,
        currency=organization.currency,
        plans=tuple(
            ComparedPlan(
                code=offer.code,
                name=offer.name,
                included_minutes=offer.terms.card.included_minutes,
                when_exhausted=offer.terms.card.when_exhausted,
                cost=cost,
                per_minute=plan_costs.per_minute(cost.total, taken.talk_seconds),
                is_current=offer.is_current,
                is_cheapest=not cost.refused_minutes and cost.total == least,
            )
            for offer, cost in zip(offers, costs, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    code: str
    name: str
    terms: Terms
    is_current: bool


def _taken(organization: Organization, month: date) -> Taken:
    first, last = analytics.month_ends(month)
    used = analytics.by_meter(organization, first=first, last=last)
    voice = used.get(analytics.VOICE, analytics.NOTHING)
    return Taken(minutes=int(voice.quantity), talk_seconds=voice.talk_seconds)


def _offers(organization: Organization) -> list[_Offer]:
    own = (
        Subscription.objects.filter(organization=organization, status__in=LIVING)
        .select_related("plan")
        .first()
    )
    sold = list(
        Plan.objects.filter(
            is_active=True,
            is_public=True,
            currency=organization.currency,
            price_monthly__isnull=False,
        )
    )
    if own is not None and own.plan not in sold:
        sold.insert(0, own.plan)
    # Without a subscription: a plan that was put in force without an end.
    in_force = Allowance.objects.filter(organization=organization, cycle__is_paid=True)
    card_in_force = in_force.values_list("plan_card_id", flat=True).first()
    by_id = cards.get(
        [plan.rate_card_id for plan in sold] + ([own.rate_card_id] if own else [])
    )
    return [
        _own_offer(own, by_id)
        if own is not None and own.plan_id == plan.pk
        else _Offer(
            plan.code,
            plan.name,
            Terms(
                by_id[plan.rate_card_id],
                plan.price_monthly or ZERO,
                plan.monthly_wallet_grant,
            ),
            is_current=own is None and plan.rate_card_id == card_in_force,
        )
        for plan in sold
    ]


def _own_offer(own: Subscription, by_id: dict[UUID, Card]) -> _Offer:
    is_yearly = own.billing_period == Subscription.BillingPeriod.YEARLY
    fee = (own.price / 12).quantize(Decimal("0.000001")) if is_yearly else own.price
    terms = Terms(by_id[own.rate_card_id], fee, own.monthly_wallet_grant)
    return _Offer(own.plan.code, own.plan.name, terms, is_current=True)


def _bundles(
    organization: Organization, offers: list[_Offer], *, now: datetime
) -> list[Bundle]:
    cut_off = WhenExhausted.CUT_OFF
    if not any(offer.terms.card.when_exhausted == cut_off for offer in offers):
        return []
    return [
        Bundle(offer.minutes, offer.price)
        for offer in reports.bundles_on_offer(organization, now=now)
    ]
