"""Which organization a provider's customer is, and the other way round."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from accounts.models import Organization
from billing.models import Subscription, ToldCustomer
from billing.models.subscriptions import LIVING
from billing.providers.base import CustomerGone, PaymentProvider
from billing.providers.orders import Customer

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


def organization_of(provider: str, customer_id: str) -> Organization | None:
    """Return whose customer this is at the provider; None if it is nobody's here."""
    if provider != "stripe" or not customer_id:
        return None
    return Organization.objects.filter(stripe_customer_id=customer_id).first()


def served(
    organization: Organization,
    provider: PaymentProvider,
    ask: Callable[[Customer], Answer],
    *,
    now: datetime,
) -> Answer:
    """Return what the provider answers about the organization as its customer. One that was
    deleted there is made anew and asked about once more; not while a subscription of theirs
    lives: then it is rather the key that is another account's. Raises `ProviderError`."""
    customer = ensure(organization, provider, now=now)
    try:
        return ask(customer)
    except CustomerGone as gone:
        living = Subscription.objects.filter(organization=organization, status__in=LIVING)
        if living.filter(provider=provider.name).exists():
            raise
        log.warning("%s is made anew at %s: %s", organization, provider.name, gone)
        return ask(_replaced(organization, provider, customer))


def _replaced(
    organization: Organization, provider: PaymentProvider, gone: Customer
) -> Customer:
    made = provider.create_customer(gone, after=gone.id)
    with transaction.atomic():
        Organization.objects.filter(pk=organization.pk, stripe_customer_id=gone.id).update(
            stripe_customer_id=made
        )
        # Address and tax id are told anew.
        ToldCustomer.objects.filter(organization=organization).delete()
    organization.refresh_from_db(fields=["stripe_customer_id"])
    return replace(gone, id=organization.stripe_customer_id)


def ensure(
    organization: Organization, provider: PaymentProvider, *, now: datetime
) -> Customer:
    """Return the organization as a customer of the provider, made there if it is new.

    The provider gets the same key for the same organization, so two clicks make one
    customer; whoever writes it down second finds it there. Raises `ProviderError`.
    """
    customer = Customer(
        organization_id=organization.pk,
        name=organization.name,
        email=organization.billing_email,
        id=organization.stripe_customer_id,
    )
    if not provider.keeps_customers:
        return replace(customer, id="")
    if customer.id:
        return customer
    made = provider.create_customer(customer)
    Organization.objects.filter(pk=organization.pk, stripe_customer_id="").update(
        stripe_customer_id=made
    )
    organization.refresh_from_db(fields=["stripe_customer_id"])
    return Customer(
        organization_id=organization.pk,
        name=organization.name,
        email=organization.billing_email,
        id=organization.stripe_customer_id,
    )
