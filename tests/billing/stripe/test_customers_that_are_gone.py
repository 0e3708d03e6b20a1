"""A customer may be deleted at Stripe, or be of another account than the key's: whoever wants
to pay gets a new one."""

import pytest

from accounts.models import Organization
from billing import checkout
from billing.documents import telling
from billing.errors import ProviderRefused
from billing.models import ToldCustomer

pytestmark = pytest.mark.django_db


def test_who_was_deleted_at_stripe_can_buy_again(paying, stripe) -> None:
    paying.subscribe("starter")
    gone = paying.organization.stripe_customer_id
    telling.tell_changed(now=paying.now)
    stripe.delete(f"customers/{gone}")
    paying.wait(hours=1)
    assert paying.subscription.status == "canceled"

    paying.subscribe("growth")
    paying.organization.refresh_from_db()
    assert paying.organization.stripe_customer_id not in ("", gone)
    assert (paying.subscription.plan.code, paying.subscription.status) == (
        "growth",
        "active",
    )
    assert not ToldCustomer.objects.exists()
    assert telling.tell_changed(now=paying.now) == 1


def test_with_the_key_of_another_account_a_subscriber_keeps_their_customer(paying) -> None:
    paying.subscribe("cutoff")
    Organization.objects.update(stripe_customer_id="cus_ofOurAccount")
    paying.organization.refresh_from_db()
    with pytest.raises(ProviderRefused):
        checkout.buy_bundle(
            organization=paying.organization,
            bundle_code="minutes-100-usd",
            provider="stripe",
            started_by=None,
            now=paying.now,
        )
    kept = Organization.objects.get(pk=paying.organization.pk)
    assert kept.stripe_customer_id == "cus_ofOurAccount"


def test_a_customer_of_another_account_is_made_anew_once(paying, stripe) -> None:
    paying.organization.stripe_customer_id = "cus_ofTestMode"
    paying.organization.save(update_fields=["stripe_customer_id"])
    for code in ("minutes-100-usd", "minutes-100-usd", "minutes-50-usd"):
        checkout.buy_bundle(
            organization=paying.organization,
            bundle_code=code,
            provider="stripe",
            started_by=None,
            now=paying.now,
        )
    [made] = stripe.every("customer")
    assert paying.organization.stripe_customer_id == made["id"]
    assert len(stripe.every("checkout.session")) == 2
