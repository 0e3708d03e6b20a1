"""What the visitor of the price list chose, and the plans as cards that say so. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from accounts.models import Organization
from billing.price_list import PricedPlan, PriceList
from servicebilling.website import terms
from servicebilling.website.formatting import cents, money, whole

MINUTES_DEFAULT = 800
MINUTES_MAX = 5000
MINUTES_STEP = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """Period, currency and minutes a month, as far as the address says them sensibly."""

    period: str
    currency: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PlanCard:
    code: str
    name: str
    billing_period: str
    price: str
    # Under the price: what is paid at once, and what the year saves.
    paid: str
    saving: str
    facts: tuple[str, ...]
    when_exhausted: str
    estimate: str
    estimate_note: str
    is_best: bool
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PricePage:
    cards: tuple[PlanCard, ...]
    periods: tuple[Option, ...]
    currencies: tuple[Option, ...]
    saving_percent: int
    choice: Choice
    minutes_max: int = MINUTES_MAX
    minutes_step: int = MINUTES_STEP


def choice_of(query: Mapping[str, str], *, currency: str) -> Choice:
    """Read the choice from a query; whatever makes no sense is as if it were not there."""
    period = query.get("period", "")
    said = query.get("minutes", "")
    is_number = said.isascii() and said.isdigit() and len(said) <= 6
    return Choice(
        period=period if period in ("monthly", "yearly") else "monthly",
        currency=query.get("currency", "") or currency,
        minutes=min(int(said), MINUTES_MAX) if is_number else MINUTES_DEFAULT,
    )


def of(
    prices: PriceList, choice: Choice, *, organization: Organization | None
) -> PricePage:
    """Return the page; `organization` keeps its links with the one it is for."""
    shown = Choice(choice.period, prices.currency, choice.minutes)
    best = prices.best
    return PricePage(
        cards=tuple(
            _card(plan, minutes=choice.minutes, is_best=plan is best)
            for plan in prices.plans
        ),
        periods=tuple(
            Option(label, _url(shown, organization, period=key), choice.period == key)
            for key, label in (("monthly", "Monthly"), ("yearly", "Yearly"))
        ),
        currencies=tuple(
            Option(code, _url(shown, organization, currency=code), code == prices.currency)
            for code in prices.currencies
        ),
        saving_percent=prices.yearly_saving_percent,
        choice=shown,
    )


def _card(plan: PricedPlan, *, minutes: int, is_best: bool) -> PlanCard:
    return PlanCard(
        code=plan.code,
        name=plan.name,
        billing_period=plan.billing_period,
        price=_short(plan.price_monthly, plan.currency),
        paid=_paid(plan),
        saving=_saving(plan),
        facts=_facts(plan),
        when_exhausted=terms.when_exhausted(plan.card),
        estimate=cents(plan.estimate.total, plan.currency),
        estimate_note=_estimate_note(plan, minutes),
        is_best=is_best,
        providers=plan.providers,
    )


def _paid(plan: PricedPlan) -> str:
    if plan.billing_period == "yearly":
        return f"{money(plan.price, plan.currency)} a year, paid at once"
    if not plan.price:
        return "No monthly fee"
    return "Paid monthly"


def _saving(plan: PricedPlan) -> str:
    if not plan.yearly_saving:
        return ""
    saved = money(plan.yearly_saving, plan.currency)
    if plan.billing_period == "yearly":
        return f"You save {saved} a year"
    return f"Yearly saves {saved}"


def _facts(plan: PricedPlan) -> tuple[str, ...]:
    facts = [terms.included(plan.card)]
    if plan.monthly_wallet_grant:
        grant = money(plan.monthly_wallet_grant, plan.currency)
        facts = [f"{grant} into your wallet each month"]
    facts.append(terms.rounding(plan.card))
    if plan.setup_fee:
        facts.append(f"{money(plan.setup_fee, plan.currency)} setup, once")
    if plan.trial_days:
        facts.append(f"{plan.trial_days} days free to try")
    return tuple(facts)


def _estimate_note(plan: PricedPlan, minutes: int) -> str:
    estimate = plan.estimate
    if estimate.refused_minutes:
        return f"{whole(estimate.refused_minutes)} of {whole(minutes)} minutes not covered"
    beyond = estimate.calls - estimate.paid_by_grant
    if not beyond:
        return f"covers {whole(minutes)} minutes"
    if not estimate.fee:
        return "by the minute, without a fee"
    fee = cents(estimate.fee, plan.currency)
    return f"{fee} plus {cents(beyond, plan.currency)} for minutes"


def _short(value: Decimal, currency: str) -> str:
    """Write a whole amount without its empty cents."""
    text = cents(value, currency)
    return text.removesuffix(".00")


def _url(choice: Choice, organization: Organization | None, **change: str) -> str:
    query = {
        "period": choice.period,
        "currency": choice.currency,
        "minutes": str(choice.minutes),
        **change,
    }
    if organization:
        query["organization"] = organization.slug
    return f"?{urlencode(query)}"
