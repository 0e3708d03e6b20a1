"""What bundles cost now, and would cost with other settings."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts import settings_history
from accounts.models import Setting
from adminpanel.settings.forms import PRICE_KEYS
from billing import pricing
from billing.models import ExchangeRate, MinuteBundle

HISTORY_MAX = 30


@dataclass(frozen=True, slots=True)
class Terms:
    markup_percent: str
    base_minute_cost: dict[str, str]

    def price_of(self, bundle: MinuteBundle) -> Decimal | None:
        """Return a bundle's price; None: it is not sold in its currency."""
        cost = self.base_minute_cost.get(bundle.currency)
        if cost is None:
            return None
        return pricing.bundle_price(
            minutes=bundle.minutes,
            base_minute_cost=Decimal(cost),
            markup_percent=Decimal(self.markup_percent),
            currency=bundle.currency,
        )


@dataclass(frozen=True, slots=True)
class BundlePrice:
    code: str
    minutes: int
    currency: str
    now: Decimal | None
    then: Decimal | None


def terms_at(now: datetime) -> Terms:
    """Return the platform's terms, as every process reads them at that moment."""
    said = settings_history.values_at(PRICE_KEYS, None, now)
    return Terms(said["markup_percent"], said["base_minute_cost"])


def bundle_prices(current: Terms, then: Terms) -> list[BundlePrice]:
    """Return every bundle on sale with its price by both terms; one statement."""
    return [
        BundlePrice(
            bundle.code,
            bundle.minutes,
            bundle.currency,
            current.price_of(bundle),
            then.price_of(bundle),
        )
        for bundle in MinuteBundle.objects.filter(is_active=True).order_by(
            "currency", "minutes"
        )
    ]


def price_history() -> list[Setting]:
    """Return the platform's price settings, newest first, announced ones too."""
    rows = Setting.objects.filter(key__in=PRICE_KEYS, organization=None)
    return list(rows.select_related("created_by").order_by("-valid_from")[:HISTORY_MAX])


def exchange_rates() -> list[ExchangeRate]:
    rows = ExchangeRate.objects.select_related("created_by")
    return list(rows.order_by("-valid_from", "base", "quote")[:HISTORY_MAX])
