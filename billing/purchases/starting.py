"""Beginning to buy minutes: the price is fixed here, and the browser never names one."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class MinutePrice:
    """What a bundle's minute costs today, and what is put on top."""

    base_minute_cost: Decimal
    markup_percent: Decimal
    currency: str

    def of(self, minutes: int) -> Decimal:
        return pricing.bundle_price(
            minutes=minutes,
            base_minute_cost=self.base_minute_cost,
            markup_percent=self.markup_percent,
            currency=self.currency,
        )


def minute_price(organization: Organization, *, now: datetime) -> MinutePrice:
    """Return today's price of a minute in the organization's currency.

    Raises `NotSold` if the platform has no base cost in it.
    """
    said = settings_history.values_at(
        ["base_minute_cost", "markup_percent"], organization, now
    )
    costs = said["base_minute_cost"]
    if organization.currency not in costs:
        raise NotSold
    return MinutePrice(
        Decimal(costs[organization.currency]),
        Decimal(said["markup_percent"]),
        organization.currency,
    )


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
    minute = minute_price(organization, now=now)
    price = minute.of(bundle.minutes)
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
        base_minute_cost=minute.base_minute_cost,
        markup_percent=minute.markup_percent,
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
