"""The public price list: plans with what a month of so many minutes would cost on each."""

from dataclasses import dataclass
from decimal import Decimal

from billing import plan_costs, pricing
from billing.models import Plan
from billing.plan_costs import MonthCost, Taken, Terms
from metering import rating
from metering.balances import cards

YEAR_MONTHS = 12


@dataclass(frozen=True, slots=True)
class PricedPlan:
    """A plan by one period. `price` is what is paid for it, monthly or for the year."""

    code: str
    name: str
    currency: str
    billing_period: str
    price: Decimal
    # The same by the month: a twelfth of the year's, rounded to what can be paid.
    price_monthly: Decimal
    # What a month costs without the year; None: not sold so.
    price_by_the_month: Decimal | None
    is_sold_yearly: bool
    yearly_saving: Decimal
    yearly_saving_percent: int
    setup_fee: Decimal
    trial_days: int
    monthly_wallet_grant: Decimal
    card: rating.Card
    estimate: MonthCost
    # Where it can be paid by this period.
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PriceList:
    """The plans of one currency, and what else there is to choose."""

    currency: str
    currencies: tuple[str, ...]
    plans: tuple[PricedPlan, ...]
    yearly_saving_percent: int

    @property
    def best(self) -> PricedPlan | None:
        """The cheapest plan that refuses none of the minutes asked for."""
        able = [plan for plan in self.plans if not plan.estimate.refused_minutes]
        return min(able, key=lambda plan: plan.estimate.total, default=None)


def price_list(*, currency: str, billing_period: str, minutes: int) -> PriceList:
    """Return the public plans in a currency; in the first one that is sold if nothing is
    sold in that. A plan that is not sold by the year is priced by the month. Two queries."""
    sold = list(
        Plan.objects.filter(is_active=True, is_public=True)
        .select_related("rate_card")
        .prefetch_related("rate_card__rates")
    )
    currencies = tuple(dict.fromkeys(plan.currency for plan in sold))
    if currency not in currencies:
        currency = currencies[0] if currencies else currency
    plans = tuple(
        _priced(plan, billing_period=billing_period, minutes=minutes)
        for plan in sold
        if plan.currency == currency
        and (plan.price_monthly is not None or plan.price_yearly is not None)
    )
    return PriceList(
        currency=currency,
        currencies=currencies,
        plans=plans,
        yearly_saving_percent=max(
            (plan.yearly_saving_percent for plan in plans), default=0
        ),
    )


def _priced(plan: Plan, *, billing_period: str, minutes: int) -> PricedPlan:
    monthly, yearly = plan.price_monthly, plan.price_yearly
    is_yearly = yearly is not None and (billing_period == "yearly" or monthly is None)
    period = "yearly" if is_yearly else "monthly"
    price = (yearly if is_yearly else monthly) or Decimal(0)
    card = cards.from_row(plan.rate_card)
    by_the_month = pricing.month_of_year(price, plan.currency) if is_yearly else price
    whole_year = YEAR_MONTHS * monthly if monthly is not None else yearly or Decimal(0)
    return PricedPlan(
        code=plan.code,
        name=plan.name,
        currency=plan.currency,
        billing_period=period,
        price=price,
        price_monthly=by_the_month,
        price_by_the_month=monthly,
        is_sold_yearly=yearly is not None,
        yearly_saving=max(Decimal(0), whole_year - yearly) if yearly else Decimal(0),
        yearly_saving_percent=pricing.yearly_saving_percent(
            monthly=monthly or Decimal(0), yearly=yearly if yearly else whole_year
        ),
        setup_fee=plan.setup_fee,
        trial_days=plan.trial_days,
        monthly_wallet_grant=plan.monthly_wallet_grant,
        card=card,
        estimate=plan_costs.month_cost(
            Taken(minutes, 60 * minutes),
            Terms(card, by_the_month, plan.monthly_wallet_grant),
        ),
        providers=tuple(name for name, ids in plan.provider_ids.items() if ids.get(period)),
    )
