"""The payment providers of this installation, by name."""

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from billing.errors import NotSold
from billing.providers.base import (
    Config,
    CustomerProvider,
    ListingProvider,
    PaymentProvider,
    RefundingProvider,
    UsageProvider,
)
from billing.providers.offers import CatalogueProvider


@cache
def get(name: str) -> PaymentProvider:
    """Return a provider, built once from the settings. Raises `NotSold` for an unknown one."""
    if name not in settings.PAYMENT_PROVIDERS:
        raise NotSold(f"There is no payment provider {name!r}.")
    provider: PaymentProvider = import_string(settings.PAYMENT_PROVIDERS[name])(
        config(name)
    )
    return provider


def billing_usage(name: str) -> UsageProvider:
    """Return a provider that bills what was used; the caller's rows name only those."""
    return cast(UsageProvider, get(name))


def keeping_customers(name: str) -> CustomerProvider:
    """Return a provider that keeps customers. Raises `NotSold` for an unknown one."""
    return cast(CustomerProvider, get(name))


def refunding(name: str) -> RefundingProvider:
    """Return a provider that gives money back. Raises `NotSold` for an unknown one."""
    return cast(RefundingProvider, get(name))


def listing(name: str) -> ListingProvider:
    """Return a provider that lists what it has. Raises `NotSold` for an unknown one."""
    return cast(ListingProvider, get(name))


def keeping_catalogue(name: str) -> CatalogueProvider:
    """Return a provider that keeps our plans. Raises `NotSold` for an unknown one."""
    return cast(CatalogueProvider, get(name))


def config(name: str) -> Config:
    """Return what an adapter is given instead of reading settings."""
    prefix = name.upper()
    return Config(
        secret_key=getattr(settings, f"{prefix}_SECRET_KEY", ""),
        webhook_secrets=tuple(getattr(settings, f"{prefix}_WEBHOOK_SECRETS", ())),
        api_base=getattr(settings, f"{prefix}_API_BASE", ""),
        website_url=settings.WEBSITE_URL,
        options={
            "setup_fee_price_id": getattr(settings, f"{prefix}_SETUP_FEE_PRICE_ID", ""),
            "webhook_mode": getattr(settings, f"{prefix}_WEBHOOK_MODE", ""),
            "tax": "yes" if getattr(settings, f"{prefix}_TAX", False) else "",
        },
    )


def offered_for(currency: str) -> list[str]:
    """Return the names of the providers that have a key, who takes the currency by default
    first."""
    wanted = settings.PAYMENT_PROVIDER_OF_CURRENCY.get(currency, "")
    return sorted(available(), key=lambda name: name != wanted)


def chosen(name: str, *, currency: str) -> str:
    """Return the provider that was named, else the default of a currency.

    Raises `NotSold` for one that takes no money here, and where nobody does.
    """
    offered = offered_for(currency)
    if not offered:
        raise NotSold("Nothing can be paid here: no payment provider is set up.")
    if name and name not in offered:
        raise NotSold(f"There is no payment provider {name!r}.")
    return name or offered[0]


def currencies_of(name: str) -> set[str]:
    """Return the currencies that a provider takes by default."""
    chosen = settings.PAYMENT_PROVIDER_OF_CURRENCY
    return {currency for currency, provider in chosen.items() if provider == name}


def available() -> list[str]:
    """Return the names of the providers that have a key, in the order they are offered."""
    return [name for name in settings.PAYMENT_PROVIDERS if config(name).secret_key]
