"""What is sold, to whom, and what a change would mean; for the editor of the catalogue."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from adminpanel.settings import reports as prices
from billing import card_terms, plan_costs, plan_versions, plans
from billing.catalogue import PlanTerms
from billing.models import MinuteBundle, Plan, PlanVersion, Subscription
from billing.models.subscriptions import LIVING
from billing.plan_costs import Bundle, MonthCost, Taken, Terms
from metering.models import Allowance

SAMPLE_MINUTES = (100, 400, 800, 1500, 3000)


@dataclass(frozen=True, slots=True)
class PlanLine:
    plan: Plan
    version: int
    subscribers: int
    # Providers that can be paid for it now, and whether any is still to be told.
    sold_at: tuple[str, ...]
    is_untold: bool


@dataclass(frozen=True, slots=True)
class BundleLine:
    bundle: MinuteBundle
    # None: its currency has no base cost, so it is not sold.
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class BundleSketch:
    """What a bundle would be sold for today, beside those on sale in its currency."""

    minutes: int
    currency: str
    price: Decimal | None
    # Of its minutes, at the base cost.
    cost: Decimal | None
    # (minutes, price), with the new one among them.
    beside: tuple[tuple[int, Decimal], ...]

    @property
    def margin(self) -> Decimal | None:
        if self.price is None or self.cost is None:
            return None
        return self.price - self.cost


@dataclass(frozen=True, slots=True)
class VersionLine:
    version: PlanVersion
    subscribers: int


@dataclass(frozen=True, slots=True)
class Affected:
    """Who keeps what they have when the plan changes."""

    subscriptions: int
    # Without a subscription: staff or a command put the plan in force.
    others: int


@dataclass(frozen=True, slots=True)
class SampleMonth:
    minutes: int
    now: MonthCost
    then: MonthCost


def plan_lines() -> list[PlanLine]:
    """Return all plans in the order they are shown; one statement."""
    living = Q(subscriptions__status__in=LIVING)
    newest = PlanVersion.objects.filter(plan=OuterRef("pk")).order_by("-number")
    rows = (
        Plan.objects.select_related("rate_card")
        .annotate(
            subscriber_count=Count("subscriptions", filter=living),
            version_number=Coalesce(
                Subquery(newest.values("number")[:1], output_field=IntegerField()), 1
            ),
        )
        .order_by("order", "code")
    )
    return [
        PlanLine(
            plan,
            plan.version_number,
            plan.subscriber_count,
            _sold_at(plan),
            is_untold(plan),
        )
        for plan in rows
    ]


def is_untold(plan: Plan) -> bool:
    """Whether it has a price that no provider was told of."""
    has_price = plan.price_monthly is not None or plan.price_yearly is not None
    return plan.is_active and has_price and not _sold_at(plan)


def bundle_lines(now: datetime) -> list[BundleLine]:
    terms = prices.terms_at(now)
    rows = MinuteBundle.objects.order_by("currency", "minutes")
    return [BundleLine(one, terms.price_of(one)) for one in rows]


def bundle_sketch(minutes: int, currency: str, now: datetime) -> BundleSketch:
    terms = prices.terms_at(now)
    sketch = MinuteBundle(minutes=minutes, currency=currency)
    on_sale = MinuteBundle.objects.filter(is_active=True, currency=currency)
    priced = [(one.minutes, terms.price_of(one)) for one in [*on_sale, sketch]]
    cost = terms.base_minute_cost.get(currency)
    return BundleSketch(
        minutes,
        currency,
        terms.price_of(sketch),
        None if cost is None else minutes * Decimal(cost),
        tuple(sorted((size, price) for size, price in priced if price is not None)),
    )


def version_lines(plan: Plan) -> list[VersionLine]:
    """Return the versions, newest first, with who still has their card at their price."""
    counts: dict[tuple[UUID, Decimal | None], int] = {
        (row["rate_card"], row["price"]): row["count"]
        for row in Subscription.objects.filter(plan=plan, status__in=LIVING)
        .values("rate_card", "price")
        .annotate(count=Count("pk"))
    }
    rows = plan.versions.select_related("rate_card", "created_by").order_by("-number")
    return [
        VersionLine(
            one,
            sum(
                counts.get((one.rate_card_id, price), 0)
                for price in {one.price_monthly, one.price_yearly}
            ),
        )
        for one in rows
    ]


def affected(plan: Plan) -> Affected:
    living = Subscription.objects.filter(status__in=LIVING)
    sold_with = [
        plan.rate_card_id,
        *plan.versions.values_list("rate_card_id", flat=True),
    ]
    others = Allowance.objects.filter(plan_card__in=sold_with).exclude(
        organization__in=living.values("organization")
    )
    return Affected(living.filter(plan=plan).count(), others.count())


def sample_months(
    before: PlanTerms, after: PlanTerms, *, now: datetime
) -> list[SampleMonth]:
    """Return what months of so many minutes cost by both terms, each call a whole minute."""
    terms = prices.terms_at(now)
    on_sale = MinuteBundle.objects.filter(is_active=True, currency=after.card.currency)
    priced = [(one.minutes, terms.price_of(one)) for one in on_sale]
    bundles = [Bundle(minutes, price) for minutes, price in priced if price is not None]
    old, new = _by_the_month(before), _by_the_month(after)
    return [
        SampleMonth(
            minutes,
            plan_costs.month_cost(Taken(minutes, 60 * minutes), old, bundles),
            plan_costs.month_cost(Taken(minutes, 60 * minutes), new, bundles),
        )
        for minutes in SAMPLE_MINUTES
    ]


def is_editable(plan: Plan) -> bool:
    """What holds without a plan stands in every currency, and is shipped."""
    return plan.code != plans.WITHOUT_PLAN


def changes(before: PlanTerms, after: PlanTerms) -> list[str]:
    words = {"rate_card": "a new rate card", "overage": "the price of overage"}
    return [
        words.get(name, name.replace("_", " "))
        for name in plan_versions.differences(before, after)
    ]


def _by_the_month(terms: PlanTerms) -> Terms:
    monthly = card_terms.decimal(terms.price_monthly)
    if monthly is None:
        yearly = card_terms.decimal(terms.price_yearly) or Decimal(0)
        monthly = (yearly / 12).quantize(Decimal("0.01"))
    card = card_terms.as_card(terms.code, terms.card)
    return Terms(card, monthly, Decimal(terms.monthly_wallet_grant))


def _sold_at(plan: Plan) -> tuple[str, ...]:
    told = plan.provider_ids.items()
    return tuple(
        name
        for name, ids in told
        if name in settings.PAYMENT_PROVIDERS and (ids.get("monthly") or ids.get("yearly"))
    )
