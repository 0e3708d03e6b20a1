"""With the tax switch Stripe works taxes out wherever money is asked for; without an address it
cannot, and somebody is told."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing import checkout, inbox
from billing.invoices import issuing
from billing.models import Discrepancy, Document, OverageDelivery, Payment, PaymentEvent
from billing.overage import deciding, ending
from billing.purchases import starting
from metering.models import Wallet
from tests.billing.stripe.talking import deliver, talk, use_up

PERCENT = 20


@pytest.fixture
def taxed(paying, provider):
    provider.config.options["tax"] = "yes"
    paying.stripe.control("settings", tax_percent=str(PERCENT))
    return paying


def _latest() -> Document:
    return Document.objects.filter(kind="invoice").latest("issued_at")


def _with_tax(net: str) -> tuple[Decimal, Decimal, Decimal]:
    amount = Decimal(net)
    tax = (amount * PERCENT / 100).quantize(Decimal("0.01"))
    return amount, tax, amount + tax


def _sums(document: Document) -> tuple[Decimal, Decimal, Decimal]:
    return document.subtotal, document.tax, document.total


def test_a_plan_and_the_overage_on_its_next_invoice_carry_tax(taxed):
    taxed.subscribe("starter")
    assert taxed.at_stripe["automatic_tax"]["enabled"]
    first = _latest()
    assert _sums(first) == _with_tax(str(first.subtotal))
    assert first.tax > 0
    use_up(taxed)
    talk(taxed, 7)
    deliver(taxed)
    taxed.wait(days=32)
    assert _sums(_latest()) == _with_tax("207.50")
    assert Payment.objects.latest("paid_at").amount == _latest().total


def test_a_bundle_carries_tax_and_gives_its_minutes_once(taxed):
    taxed.organization.refresh_from_db()
    url = checkout.buy_bundle(
        organization=taxed.organization,
        bundle_code="minutes-100-usd",
        provider="stripe",
        started_by=None,
        now=taxed.now,
    )
    taxed.stripe.pay(url.rsplit("/", 1)[1])
    taxed.hear()
    payment = Payment.objects.get()
    assert (payment.amount, payment.tax) == (Decimal("25"), Decimal("5"))
    assert starting.Purchase.objects.get().state == "fulfilled"


def test_a_filled_wallet_remembers_the_tax_that_was_paid_and_none_of_it(taxed):
    taxed.organization.refresh_from_db()
    url = checkout.top_up(
        organization=taxed.organization,
        amount=Decimal(50),
        currency=taxed.organization.currency,
        provider="stripe",
        started_by=None,
        now=taxed.now,
    )
    taxed.stripe.pay(url.rsplit("/", 1)[1])
    taxed.hear()
    payment = Payment.objects.get()
    assert (payment.amount, payment.tax) == (Decimal("50"), Decimal("10"))
    assert Wallet.objects.get(organization=taxed.organization).balance == 50


def test_without_an_address_an_invoice_of_ours_waits_and_staff_are_told(
    taxed, staff, owner
):
    """Once the address is known it is made, and nobody has to ask."""
    taxed.subscribe("starter")
    use_up(taxed)
    talk(taxed, 7)
    deliver(taxed)
    customer = f"customers/{taxed.organization.stripe_customer_id}"
    taxed.stripe.delete(f"subscriptions/{taxed.at_stripe['id']}")
    taxed.stripe.post(customer, address="")
    taxed.hear()
    taxed.wait(hours=3)
    ending.settle_ended(now=taxed.now)
    row = OverageDelivery.objects.get()
    document = deciding.ask_apart(row.pk, reason="left", actor=staff, now=taxed.now)
    for _ in range(2):
        assert issuing.issue_due(now=taxed.now) == 0
    told = Discrepancy.objects.get(kind="invoice_not_made", settled_at=None)
    assert "valid customer address" in told.theirs
    document.refresh_from_db()
    assert document.state == "prepared"

    taxed.stripe.post(customer, **{"address[country]": "DE"})
    assert issuing.issue_due(now=taxed.now) == 1
    document.refresh_from_db()
    assert (document.state, _sums(document)) == ("open", _with_tax("3.50"))
    assert not Discrepancy.objects.filter(settled_at=None).exists()


def test_a_renewal_that_cannot_be_taxed_is_an_event_for_staff(taxed):
    taxed.subscribe("starter")
    customer = f"customers/{taxed.organization.stripe_customer_id}"
    taxed.stripe.post(customer, address="")
    taxed.stripe.control("clock", days="29")
    since = taxed.now - timedelta(days=30)
    for event in taxed.provider.list_events(since=since):
        if (id := inbox.receive(event, provider="stripe", now=taxed.now)) is not None:
            inbox.process(id, now=taxed.now)
    failed = PaymentEvent.objects.get(kind="invoice.finalization_failed")
    assert "could not be finalized" in failed.error
    assert "valid customer address" in failed.error
