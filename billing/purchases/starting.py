"""Beginning to buy minutes: the price is fixed here, and the browser never names one."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts import settings_history
from accounts.models import Organization, User
from billing import pricing
from billing.errors import NotSold, OtherCurrency
from billing.models import MinuteBundle, Purchase

# A second click opens the page of the first, while its price is the same.
SAME_ATTEMPT = timedelta(minutes=20)


def price_of(
    bundle: MinuteBundle, organization: Organization, *, now: datetime
) -> tuple[Decimal, Decimal, Decimal]:
    """Return price, base minute cost and markup percent of a bundle today.

    Raises `NotSold` if the platform has no base cost in its currency.
    """
    markup = Decimal(settings_history.value_at("markup_percent", organization, now))
    costs = settings_history.value_at("base_minute_cost", None, now)
    if bundle.currency not in costs:
        raise NotSold
    cost = Decimal(costs[bundle.currency])
    price = pricing.bundle_price(
        minutes=bundle.minutes,
        base_minute_cost=cost,
        markup_percent=markup,
        currency=bundle.currency,
    )
    return price, cost, markup


@transaction.atomic
def start(
    *,
    organization: Organization,
    bundle_code: str,
    provider: str,
    started_by: User | None,
    now: datetime,
) -> Purchase:
    """Return a pending purchase with today's price copied into it.

    A pending one of the last minutes for the same bundle and price is returned again, so
    two clicks are one purchase. Raises `NotSold`, `OtherCurrency`.
    """
    bundle = MinuteBundle.objects.filter(code=bundle_code, is_active=True).first()
    if bundle is None:
        raise NotSold
    if bundle.currency != organization.currency:
        raise OtherCurrency
    # Both clicks queue here; the second finds the first one's row.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    price, cost, markup = price_of(bundle, organization, now=now)
    pending = Purchase.objects.filter(
        organization=organization,
        bundle=bundle,
        price=price,
        provider=provider,
        state=Purchase.State.PENDING,
        started_by=started_by,
        created_at__gt=now - SAME_ATTEMPT,
    ).first()
    return pending or Purchase.objects.create(
        organization=organization,
        bundle=bundle,
        minutes=bundle.minutes,
        base_minute_cost=cost,
        markup_percent=markup,
        price=price,
        currency=bundle.currency,
        provider=provider,
        started_by=started_by,
        created_at=now,
    )


def note_checkout(purchase: Purchase, *, checkout_id: str, url: str) -> None:
    """Remember the provider's page of a purchase."""
    Purchase.objects.filter(pk=purchase.pk).update(
        checkout_id=checkout_id, checkout_url=url
    )
