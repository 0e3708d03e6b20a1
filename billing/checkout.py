"""From "I want this" to a provider's page: the row is written first, the provider called
outside any transaction, and nothing is granted until it says that money came."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings

from accounts.models import Organization, User
from billing import customers, plans, provider_failures
from billing.errors import AlreadySubscribed, NothingBought
from billing.events import BillingPeriod
from billing.models import Payment
from billing.providers import registry
from billing.providers.answers import Checkout
from billing.providers.base import ProviderError, Subscribed
from billing.providers.orders import Customer, PurchaseCheckout, SubscriptionCheckout
from billing.purchases import from_wallet
from billing.purchases import starting as purchases
from billing.subscriptions import plan_checkouts
from billing.subscriptions import starting as subscriptions
from billing.topups import starting as topups
from servicebilling.lib import money


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
    checkout = _pay_page(
        organization,
        provider,
        lambda customer: PurchaseCheckout(
            purchase_id=purchase.pk,
            customer=customer,
            description=f"{purchase.minutes} minutes",
            amount=purchase.price,
            currency=purchase.currency,
            success_url=_url(
                "/dashboard/billing/success", organization, purchase=str(purchase.pk)
            ),
            cancel_url=_url("/pricing", organization, payment="cancelled"),
        ),
        now=now,
    )
    purchases.note_checkout(purchase, checkout_id=checkout.id, url=checkout.url)
    return checkout.url


def buy_bundle_from_wallet(
    *,
    organization: Organization,
    bundle_code: str,
    bought_by: User | None,
    now: datetime,
    attempt: UUID | None = None,
) -> str:
    """Buy a bundle with the wallet's money; returns the URL that shows it. The same attempt
    asked again is the same purchase.

    Raises `NotSold`, `OtherCurrency`, `TooLittleMoney`.
    """
    purchase = from_wallet.buy(
        organization=organization,
        bundle_code=bundle_code,
        bought_by=bought_by,
        now=now,
        attempt=attempt,
    )
    return _url("/dashboard/billing/success", organization, purchase=str(purchase.pk))


def top_up(
    *,
    organization: Organization,
    amount: Decimal,
    currency: str,
    provider: str,
    started_by: User | None,
    now: datetime,
) -> str:
    """Return the URL where a wallet is filled with an amount.

    Raises `OtherCurrency`, `TopUpOutOfBounds`, `ProviderUnavailable`.
    """
    row = topups.start(
        organization=organization,
        amount=amount,
        currency=currency,
        provider=provider,
        started_by=started_by,
        now=now,
    )
    if row.checkout_url:
        return row.checkout_url
    checkout = _pay_page(
        organization,
        provider,
        lambda customer: PurchaseCheckout(
            purchase_id=row.pk,
            customer=customer,
            description=f"Wallet top-up of {money.shown(row.amount, row.currency)}",
            amount=row.amount,
            currency=row.currency,
            success_url=_url(
                "/dashboard/billing/success", organization, top_up=str(row.pk)
            ),
            cancel_url=_url("/dashboard/billing", organization, payment="cancelled"),
            saves_card=True,
        ),
        now=now,
    )
    topups.note_checkout(row, checkout_id=checkout.id, url=checkout.url)
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

    def wanted_by(customer: Customer) -> SubscriptionCheckout:
        return subscriptions.checkout_of(
            customer=customer,
            organization=organization,
            plan=plan,
            ids=ids,
            billing_period=billing_period,
            success_url=_url("/dashboard", organization, payment="success"),
            cancel_url=_url("/pricing", organization, payment="cancelled"),
            now=now,
        )

    try:
        if adapter.keeps_customers:
            return customers.served(
                organization,
                adapter,
                lambda customer: adapter.start_subscription(wanted_by(customer)).url,
                now=now,
            )
        row = plan_checkouts.start(
            organization=organization,
            plan=plan,
            billing_period=billing_period,
            provider=provider,
            now=now,
        )
        if row.checkout_url:
            return row.checkout_url
        wanted = wanted_by(customers.ensure(organization, adapter, now=now))
        checkout = adapter.start_subscription(
            replace(
                wanted, plan_checkout_id=row.pk, amount=row.amount, currency=row.currency
            )
        )
    except Subscribed as error:
        raise AlreadySubscribed from error
    except ProviderError as error:
        raise provider_failures.told(error) from error
    plan_checkouts.note_checkout(row, url=checkout.url)
    return checkout.url


def provider_of_plan(plan_code: str, named: str = "") -> str:
    """Return who takes the money for a plan: the provider that was named, else the first in
    the plan's currency who knows the plan. Raises `NotSold`."""
    plan = plans.on_sale(plan_code)
    able = [
        name for name in registry.offered_for(plan.currency) if plan.provider_ids.get(name)
    ]
    return registry.chosen(named or next(iter(able), ""), currency=plan.currency)


def portal(organization: Organization, *, return_url: str, now: datetime) -> str:
    """Return the provider's page where a customer manages cards and invoices; our own
    billing page for whoever pays where there is no such page.

    Raises `NothingBought`, `ProviderUnavailable`.
    """
    if not organization.stripe_customer_id:
        if Payment.objects.filter(organization=organization).exists():
            return _url("/dashboard/billing", organization)
        raise NothingBought
    adapter = registry.get("stripe")
    try:
        return customers.served(
            organization,
            adapter,
            lambda customer: adapter.portal_url(customer.id, return_url=return_url),
            now=now,
        )
    except ProviderError as error:
        raise provider_failures.told(error) from error


def _pay_page(
    organization: Organization,
    provider: str,
    wanted_by: Callable[[Customer], PurchaseCheckout],
    *,
    now: datetime,
) -> Checkout:
    adapter = registry.get(provider)
    try:
        return customers.served(
            organization,
            adapter,
            lambda customer: adapter.start_purchase(wanted_by(customer)),
            now=now,
        )
    except ProviderError as error:
        raise provider_failures.told(error) from error


def _url(path: str, organization: Organization, **query: str) -> str:
    query = {"organization": organization.slug, **query}
    return f"{settings.WEBSITE_URL}{path}?{urlencode(query)}"
