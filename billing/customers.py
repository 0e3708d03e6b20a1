"""Which organization a provider's customer is, and the other way round."""

from dataclasses import replace
from datetime import datetime

from accounts.models import Organization
from billing.providers.base import PaymentProvider
from billing.providers.orders import Customer


def organization_of(provider: str, customer_id: str) -> Organization | None:
    """Return whose customer this is at the provider; None if it is nobody's here."""
    if provider != "stripe" or not customer_id:
        return None
    return Organization.objects.filter(stripe_customer_id=customer_id).first()


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
