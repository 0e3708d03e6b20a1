"""Stripe keeps what billing relies on."""

import json
from datetime import UTC, datetime

import pytest

from billing.providers.answers import Checkout, FetchedFacts
from billing.providers.stripe.provider import StripeProvider
from tests.billing.providers_contract import Contract, Side
from tests.billing.stripe.test_signatures import BODY, NOW, header


@pytest.fixture
def side(stripe, config, customer) -> Side:
    def pay(page: Checkout) -> FetchedFacts:
        stripe.pay(page.id, card="4242424242424242")
        adapter = StripeProvider(config)
        told = adapter.list_events(since=datetime(2026, 1, 1, tzinfo=UTC))
        (event,) = [one for one in told if one.type == "checkout.session.completed"]
        return adapter.fetch(event.type, json.loads(json.dumps(event.body)))

    return Side(
        make=StripeProvider,
        config=config,
        customer=customer,
        currency="USD",
        now=NOW,
        pay=pay,
        signed=lambda body: {"Stripe-Signature": header(body)},
        event=BODY,
    )


class TestStripe(Contract):
    pass
