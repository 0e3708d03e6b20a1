"""Our plans as offers to a provider, and the ids that the provider gave them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import transaction

from billing.models import Plan
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.offers import Change, Offer
from metering.models import Rate, WhenExhausted


def of_plans() -> list[Offer]:
    """Return the active plans that have a price.

    Raises `ProviderError` for overage in tiers, which no provider is told of.
    """
    sold = Plan.objects.filter(is_active=True).select_related("rate_card")
    return [
        _offer(plan)
        for plan in sold
        if plan.price_monthly is not None or plan.price_yearly is not None
    ]


def for_provider(name: str) -> list[Offer]:
    """Return what a provider is told of: one that bills no usage takes what one fixed amount
    pays for, in its currencies. Raises `ProviderError` and `NotSold`."""
    if hasattr(registry.get(name), "report_usage"):
        return of_plans()
    return in_currencies(registry.currencies_of(name))


def in_currencies(currencies: set[str]) -> list[Offer]:
    """Return the offers that one fixed amount a period pays for, in these currencies."""
    return [
        offer
        for offer in of_plans()
        if offer.currency in currencies and offer.overage is None and offer.setup is None
    ]


@transaction.atomic
def keep_ids(
    ids: Mapping[str, Mapping[str, str]],
    offers: Iterable[Offer],
    *,
    provider: str,
    dry_run: bool,
) -> list[Change]:
    """Write down a provider's ids by plan code; returns what differed from before. A plan
    that was changed since these offers were read gets none: its buyers would pay what they
    were not shown."""
    changes = []
    told = {offer.code: offer for offer in offers}
    plans = Plan.objects.select_related("rate_card").filter(code__in=ids)
    for plan in plans.select_for_update(of=("self",)):
        if told[plan.code] != _offer(plan):
            continue
        found = dict(ids[plan.code])
        if plan.provider_ids.get(provider) == found:
            continue
        changes.append(Change("plan", plan.code, f"its ids at {provider} written down"))
        if not dry_run:
            plan.provider_ids = plan.provider_ids | {provider: found}
            plan.save(update_fields=["provider_ids"])
    return changes


def _offer(plan: Plan) -> Offer:
    return Offer(
        code=plan.code,
        name=plan.name,
        currency=plan.currency,
        monthly=plan.price_monthly,
        yearly=plan.price_yearly,
        setup=plan.setup_fee or None,
        overage=_overage(plan),
    )


def _overage(plan: Plan) -> Decimal | None:
    if plan.rate_card.when_exhausted != WhenExhausted.OVERAGE:
        return None
    rate = plan.rate_card.rates.filter(meter=Rate.Meter.VOICE_MINUTE).first()
    if rate is None or rate.unit_price is None:
        raise ProviderError(f"{plan.code}: overage needs one price a minute.", retry=False)
    return Decimal(rate.unit_price)
