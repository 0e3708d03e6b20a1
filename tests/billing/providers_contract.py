"""What billing relies on of every payment provider, proved of each by the same tests.

A provider's own test module inherits `Contract` and gives the fixture `side`: the adapter, and
how its sandbox is paid and heard.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import pytest

from billing.events import Paid
from billing.providers.answers import Checkout, FetchedFacts
from billing.providers.base import (
    Config,
    NotConfigured,
    PaymentProvider,
    ProviderError,
    SignatureRefused,
)
from billing.providers.orders import Customer, PurchaseCheckout

ROW = UUID("01900000-0000-7000-8000-0000000000c1")
# Nothing listens there.
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Side:
    make: Callable[[Config], PaymentProvider]
    config: Config
    customer: Customer
    currency: str
    now: datetime
    # The customer pays on an opened page; returns what the webhook's event means then.
    pay: Callable[[Checkout], FetchedFacts]
    # A webhook's body and the headers that prove it.
    signed: Callable[[bytes], Mapping[str, str]]
    event: bytes

    @property
    def provider(self) -> PaymentProvider:
        return self.make(self.config)

    def wanted(self, **changes: object) -> PurchaseCheckout:
        asked = PurchaseCheckout(
            purchase_id=ROW,
            customer=self.customer,
            description="100 minutes",
            amount=Decimal("15000.50"),
            currency=self.currency,
            success_url="http://localhost:8000/dashboard/billing/success",
            cancel_url="http://localhost:8000/pricing",
        )
        return replace(asked, **changes)


class Contract:
    def test_what_was_paid_is_told_to_the_cent_with_our_reference(self, side: Side):
        page = side.provider.start_purchase(side.wanted())
        assert page.url.startswith("http")
        assert page.id
        found = side.pay(page)
        (paid,) = [fact for fact in found.facts if isinstance(fact, Paid)]
        assert (paid.provider, paid.purchase_id) == (side.provider.name, ROW)
        assert (paid.amount, paid.currency) == (Decimal("15000.50"), side.currency)
        assert paid.payment_id
        assert paid.paid_at.tzinfo is not None

    def test_whose_a_payment_is_can_be_told(self, side: Side):
        found = side.pay(side.provider.start_purchase(side.wanted()))
        if side.provider.keeps_customers:
            assert found.customer_id == side.customer.id
        else:
            assert found.reference == ROW

    def test_a_webhook_that_is_proved_is_taken(self, side: Side):
        proof = side.signed(side.event)
        event = side.provider.verify(side.event, proof, now=side.now)
        again = side.provider.verify(side.event, proof, now=side.now)
        assert event.id
        assert event.type
        assert event.id == again.id

    def test_a_webhook_without_or_with_a_wrong_proof_is_refused(self, side: Side):
        wrong = {name: f"{value}0" for name, value in side.signed(side.event).items()}
        for proof in ({}, wrong):
            with pytest.raises(SignatureRefused):
                side.provider.verify(side.event, proof, now=side.now)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff"])
    def test_what_is_proved_and_no_event_is_a_value_error(self, side: Side, body):
        with pytest.raises(ValueError):  # noqa: PT011
            side.provider.verify(body, side.signed(body), now=side.now)

    def test_without_a_secret_every_webhook_is_refused(self, side: Side):
        closed = side.make(replace(side.config, webhook_secrets=()))
        with pytest.raises(NotConfigured):
            closed.verify(side.event, side.signed(side.event), now=side.now)

    def test_a_provider_out_of_reach_is_an_error_worth_another_try(self, side: Side):
        away = side.make(replace(side.config, api_base=NOWHERE))
        with pytest.raises(ProviderError) as error:
            away.start_purchase(side.wanted())
        assert error.value.retry
        assert side.config.secret_key not in str(error.value)
