"""From "I want this" to a provider's page: the row is written first, the provider called
outside any transaction, and nothing is granted until it says that money came."""

from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings

from accounts.models import Organization, User
from billing import customers
from billing.errors import NothingBought, ProviderUnavailable
from billing.events import BillingPeriod
from billing.providers import registry
from billing.providers.base import ProviderError, PurchaseCheckout
from billing.purchases import starting as purchases
from billing.subscriptions import starting as subscriptions


def buy_bundle(
    *,
    organization: Organization,
    bundle_code: str,
    provider: str,
    started_by: User | None,
    now: datetime,
) -> str:
    """Return the URL where a bundle is paid.

    Raises `NotSold`, `OtherCurrency`, `ProviderUnavailable`.
    """
    purchase = purchases.start(
        organization=organization,
        bundle_code=bundle_code,
        provider=provider,
        started_by=started_by,
        now=now,
    )
    if purchase.checkout_url:
        return purchase.checkout_url
    adapter = registry.get(provider)
    try:
        checkout = adapter.start_purchase(
            PurchaseCheckout(
                purchase_id=purchase.pk,
                customer=customers.ensure(organization, adapter, now=now),
                description=f"{purchase.minutes} minutes",
                amount=purchase.price,
                currency=purchase.currency,
                success_url=_url(
                    "/dashboard/billing/success", organization, purchase=str(purchase.pk)
                ),
                cancel_url=_url("/pricing", organization, payment="cancelled"),
            )
        )
    except ProviderError as error:
        raise ProviderUnavailable from error
    purchases.note_checkout(purchase, checkout_id=checkout.id, url=checkout.url)
    return checkout.url


def subscribe(
    *,
    organization: Organization,
    plan_code: str,
    billing_period: BillingPeriod,
    provider: str,
    now: datetime,
) -> str:
    """Return the URL where a plan is subscribed to.

    Raises `NotSold`, `AlreadySubscribed`, `OtherCurrency`, `ProviderUnavailable`.
    """
    plan, ids = subscriptions.choose(
        organization=organization,
        plan_code=plan_code,
        billing_period=billing_period,
        provider=provider,
    )
    adapter = registry.get(provider)
    try:
        customer = customers.ensure(organization, adapter, now=now)
        checkout = adapter.start_subscription(
            subscriptions.checkout_of(
                customer=customer,
                organization=organization,
                plan=plan,
                ids=ids,
                billing_period=billing_period,
                success_url=_url("/dashboard", organization, payment="success"),
                cancel_url=_url("/pricing", organization, payment="cancelled"),
                now=now,
            )
        )
    except ProviderError as error:
        raise ProviderUnavailable from error
    return checkout.url


def portal(organization: Organization, *, return_url: str) -> str:
    """Return the provider's page where a customer manages cards and invoices.

    Raises `NothingBought`, `ProviderUnavailable`.
    """
    if not organization.stripe_customer_id:
        raise NothingBought
    try:
        return registry.get("stripe").portal_url(
            organization.stripe_customer_id, return_url=return_url
        )
    except ProviderError as error:
        raise ProviderUnavailable from error


def _url(path: str, organization: Organization, **query: str) -> str:
    query = {"organization": organization.slug, **query}
    return f"{settings.WEBSITE_URL}{path}?{urlencode(query)}"
