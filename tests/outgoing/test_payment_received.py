"""Whoever listens hears of a payment, in the transaction that kept it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import transaction

from billing.models import MinuteBundle, Payment, Purchase
from metering.models import WebhookDelivery
from metering.outgoing import endpoints

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def pay(organization) -> None:
    call_command("load_catalogue", verbosity=0)
    bundle = MinuteBundle.objects.get(minutes=100, currency="USD")
    purchase = Purchase.objects.create(
        organization=organization,
        bundle=bundle,
        minutes=100,
        base_minute_cost=Decimal("0.39"),
        markup_percent=25,
        price=Decimal("49"),
        currency="USD",
        provider="stripe",
        created_at=NOW,
    )
    Payment.objects.create(
        organization=organization,
        purchase=purchase,
        provider="stripe",
        provider_payment_id="pi_1",
        amount=Decimal("49"),
        currency="USD",
        paid_at=NOW,
        created_at=NOW,
    )


def listen(organization, kind: str) -> None:
    url = f"https://{kind}.example.com/"
    endpoints.add(organization, url=url, kinds=[kind], actor="test", now=NOW)


def test_a_payment_is_told_to_who_listens(organization, other_organization):
    listen(organization, "payment.received")
    listen(organization, "minutes.low")
    listen(other_organization, "payment.received")

    pay(organization)

    told = WebhookDelivery.objects.get()
    assert told.organization == organization
    assert told.kind == "payment.received"
    assert told.data == {"amount": "49.000000", "currency": "USD", "provider": "stripe"}


def test_a_payment_that_was_not_kept_is_not_told(organization):
    listen(organization, "payment.received")
    with transaction.atomic():
        pay(organization)
        transaction.set_rollback(True)

    assert not WebhookDelivery.objects.exists()
