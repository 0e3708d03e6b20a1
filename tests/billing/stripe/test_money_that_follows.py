"""Pay-as-you-go invoices, documents, refunds and what is caught up, against the sandbox."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Sum

from accounts.models import Organization
from billing import catalogue_loading, checkout, exchange, inbox, plans
from billing.documents import details, receipts, reports
from billing.documents.details import Details
from billing.errors import NoRate, NotRefundable
from billing.invoices import amounts, dunning, issuing, settling
from billing.models import (
    Discrepancy,
    Document,
    DocumentSeries,
    ExchangeRate,
    Payment,
    PaymentEvent,
    Purchase,
    Refund,
    TopUp,
)
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.stripe import invoicing
from billing.reconciling.comparing import reconcile
from billing.reversals import refunding
from metering.balances import cycles
from metering.calls import gate, settle
from metering.models import Allowance, BillingCycle, Wallet
from metering.verification.run import verify
from servicebilling.lib.ids import new_id
from tests.crowd import Crowd
from tests.factories import metering as make

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=32)


@pytest.fixture
def buyer(organization, provider, monkeypatch) -> Organization:
    catalogue_loading.load(now=NOW)
    plans.open_organization(organization=organization, plan=plans.get("payg"), now=NOW)
    monkeypatch.setattr(registry, "get", lambda name: provider)
    return organization


@pytest.fixture
def at_stripe(buyer, customer) -> Organization:
    buyer.stripe_customer_id = customer.id
    buyer.save()
    return buyer


def _talk(organization, seconds: int, *, at: datetime = NOW) -> None:
    number = make.make_number(organization=organization, valid_from=at)
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=at), now=at)
    report = make.make_report(ref, started_at=at, seconds=seconds)
    settle.settle([report], now=at + timedelta(seconds=seconds))


def _month_of_calls(organization) -> BillingCycle:
    for seconds in (61, 600, 7):
        _talk(organization, seconds)
    cycles.roll_over(organization.pk, now=LATER)
    return BillingCycle.objects.get(organization=organization, state="closed")


def test_a_closed_month_has_one_invoice_at_stripe_however_often_it_is_tried(
    at_stripe, stripe
):
    cycle = _month_of_calls(at_stripe)
    assert amounts.due(now=cycle.ends_at) == []
    for _ in range(3):
        issuing.issue_due(now=LATER)
    (invoice,) = stripe.get("invoices")["data"]
    document = Document.objects.get()
    # 668 seconds at 0.05 a minute: 0.556667, to be paid by the cent.
    assert (invoice["total"], invoice["status"]) == (56, "open")
    assert (document.total, document.state) == (Decimal("0.56"), "open")
    assert (document.number, document.cycle) == (invoice["number"], cycle)
    assert verify(now=LATER).findings == []


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_make_one_invoice_at_stripe(at_stripe, stripe):
    _month_of_calls(at_stripe)
    with Crowd(3) as crowd:
        crowd.at_once(lambda thread: issuing.issue_due(now=LATER))
    issuing.issue_due(now=LATER)
    (invoice,) = stripe.get("invoices")["data"]
    assert (invoice["total"], len(invoice["lines"]["data"])) == (56, 1)
    assert Document.objects.get().state == "open"
    assert not Discrepancy.objects.filter(settled_at=None).exists()


def test_an_invoice_that_was_interrupted_anywhere_is_finished_once(
    at_stripe, stripe, monkeypatch
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    cycle = _month_of_calls(at_stripe)
    document = issuing.prepare(cycle.pk, now=LATER)
    for path in ("/v1/invoices", "/v1/invoiceitems"):
        stripe.control("faults", kind="lost_answer", times="3", method="POST", path=path)
        with pytest.raises(ProviderError):
            issuing.send(document, now=LATER)
        document.refresh_from_db()
        assert document.state == Document.State.PREPARED
        stripe.control("clock", hours="30", wait="no")
    final = "/v1/invoices/*/finalize"
    stripe.control("faults", kind="lost_answer", times="3", method="POST", path=final)
    assert issuing.send(document, now=LATER).state == Document.State.OPEN
    (invoice,) = stripe.get("invoices")["data"]
    assert (invoice["total"], invoice["status"]) == (56, "open")


def test_an_invoice_that_another_worker_made_final_meanwhile_is_taken_as_it_is(
    at_stripe, stripe, monkeypatch
):
    _month_of_calls(at_stripe)
    add_lines = invoicing._add_lines

    def and_be_overtaken(gateway, order, invoice_id):
        add_lines(gateway, order, invoice_id)
        gateway.ask(lambda client: client.v1.invoices.finalize_invoice(invoice_id))

    monkeypatch.setattr(invoicing, "_add_lines", and_be_overtaken)

    assert issuing.issue_due(now=LATER) == 1
    assert Document.objects.get().state == "open"
    assert not Discrepancy.objects.exists()


def test_minutes_reported_after_the_invoice_are_on_the_next_one(at_stripe):
    cycle = _month_of_calls(at_stripe)
    issuing.issue_due(now=LATER)
    charge = cycle.charges.get()
    type(charge).objects.filter(pk=charge.pk).update(amount=Decimal("1.00"))
    _talk(at_stripe, 60, at=LATER)
    later = LATER + timedelta(days=32)
    cycles.roll_over(at_stripe.pk, now=later)
    issuing.issue_due(now=later)
    late, month = Document.objects.latest("created_at").own_lines
    assert (late["cycle"], late["amount"]) == (str(cycle.pk), "0.44")
    assert Decimal(month["amount"]) == Decimal("0.05")


def test_without_a_provider_the_invoice_is_ours_numbered_and_stops_calls_when_overdue(
    buyer, staff
):
    _month_of_calls(buyer)
    issuing.issue_due(now=LATER)
    document = Document.objects.get()
    assert (document.number, document.state) == ("INV-000001", "open")
    overdue = LATER + timedelta(days=15)
    assert dunning.push_overdue(now=overdue) == 1
    assert Allowance.objects.get(organization=buyer).standing == "past_due"
    for _ in range(2):
        settling.mark_paid(document, reason="statement 7", actor=staff, now=overdue)
    payment = Payment.objects.get()
    assert (payment.amount, payment.invoice) == (document.total, document)
    assert Allowance.objects.get(organization=buyer).standing == "good"


def _buy(buyer, stripe) -> Purchase:
    checkout.buy_bundle(
        organization=buyer,
        bundle_code="minutes-100-usd",
        provider="stripe",
        started_by=None,
        now=NOW,
    )
    purchase = Purchase.objects.latest("created_at")
    stripe.pay(purchase.checkout_id)
    return purchase


def test_three_days_of_downtime_are_caught_up_and_the_rest_is_told(
    at_stripe, provider, stripe
):
    purchase = _buy(at_stripe, stripe)
    stripe.post(
        "refunds", payment_intent=stripe.every("payment_intent")[0]["id"], amount="1250"
    )
    since = NOW - timedelta(days=1)
    dry = reconcile(provider, since=since, now=LATER, dry_run=True)
    assert dry.missed_events > 0
    assert not PaymentEvent.objects.exists()
    assert [one.kind for one in dry.differences] == ["paid_not_credited"]
    outcome = reconcile(provider, since=since, now=LATER)
    purchase.refresh_from_db()
    assert (purchase.state, outcome.differences) == (Purchase.State.FULFILLED, ())
    for event in inbox.due(now=LATER + timedelta(hours=1)):
        inbox.process(event, now=LATER + timedelta(hours=1))
    assert Allowance.objects.get(organization=at_stripe).credit_minutes == 50
    assert reconcile(provider, since=since, now=LATER).missed_events == 0
    assert not Discrepancy.objects.filter(settled_at=None).exists()


def test_a_page_that_filled_a_wallet_is_no_difference_and_one_in_another_currency_fills_none(
    at_stripe, provider, stripe
):
    """Two pages were open in dollars; before the second was paid, a plan made it euros."""
    since = NOW - timedelta(days=1)
    for amount in (50, 60):
        checkout.top_up(
            organization=at_stripe,
            amount=Decimal(amount),
            currency="USD",
            provider="stripe",
            started_by=None,
            now=NOW,
        )
    first, second = TopUp.objects.order_by("amount")
    stripe.pay(first.checkout_id)
    assert reconcile(provider, since=since, now=LATER).differences == ()
    wallet = Wallet.objects.filter(organization=at_stripe)
    assert wallet.get().balance == 50

    stripe.pay(second.checkout_id)
    wallet.update(currency="EUR")
    [found] = reconcile(provider, since=since, now=LATER).differences
    assert (found.kind, found.ours) == (
        "paid_not_credited",
        f"top-up {second.pk} is mismatched",
    )
    assert wallet.get().balance == 50
    wallet.update(currency="USD")


def test_a_paid_page_of_nobody_is_a_row_for_staff(at_stripe, provider, stripe):
    purchase = _buy(at_stripe, stripe)
    reconcile(provider, since=NOW - timedelta(days=1), now=NOW, dry_run=True)
    Purchase.objects.filter(pk=purchase.pk).delete()
    outcome = reconcile(provider, since=NOW - timedelta(days=1), now=NOW)
    assert [one.kind for one in outcome.differences] == ["orphan_checkout"]
    assert Discrepancy.objects.get().theirs == "paid 25.00 USD"


def test_staff_refund_through_stripe_once_and_documents_add_up(
    at_stripe, provider, stripe, staff
):
    _buy(at_stripe, stripe)
    reconcile(provider, since=NOW - timedelta(days=1), now=NOW)
    payment = Payment.objects.get()
    receipts.issue_missing(now=NOW)
    receipts.issue_missing(now=NOW)
    asked = {"reason": "they asked", "actor": staff, "now": NOW}
    once = new_id()
    for _ in range(2):
        order = refunding.order(payment, amount=Decimal(10), attempt=once, **asked)
        assert refunding.give(order.pk, now=NOW).refund.minutes == 40
    with pytest.raises(NotRefundable):
        refunding.order(payment, amount=Decimal("15.01"), attempt=new_id(), **asked)
    reconcile(provider, since=NOW - timedelta(days=1), now=NOW)
    assert Refund.objects.get().minutes == 40
    rows = reports.documents_of(at_stripe)
    assert {row.number for row in rows} == {"REC-000001", "CN-000001"}
    kinds = Document.objects.values_list("kind").annotate(total=Sum("total"))
    assert dict(kinds) == {"receipt": payment.amount, "credit_note": Decimal(10)}
    assert verify(now=NOW).findings == []


def test_numbers_have_no_gaps_when_an_issue_fails(at_stripe, provider, stripe, monkeypatch):
    _buy(at_stripe, stripe)
    reconcile(provider, since=NOW - timedelta(days=1), now=NOW)

    def fail(self, **options):
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Document, "save", fail)
        with pytest.raises(OSError, match="full"):
            receipts.issue_missing(now=NOW)
    assert receipts.issue_missing(now=NOW) == 1
    assert Document.objects.get().number_in_series == 1
    assert DocumentSeries.objects.get().last_number == 1


def test_with_the_tax_switch_stripe_works_taxes_out(at_stripe, provider, stripe):
    provider.config.options["tax"] = "yes"
    _buy(at_stripe, stripe)
    (session,) = stripe.get("checkout/sessions")["data"]
    assert session["automatic_tax"]["enabled"]


def test_a_document_keeps_the_details_it_was_issued_with(
    at_stripe, provider, stripe, owner, client_of
):
    told = Details("Acme GmbH", "Weg 1", postal_code="10115", city="Berlin", country="DE")
    details.change(at_stripe, told, actor=owner, now=NOW)
    _buy(at_stripe, stripe)
    reconcile(provider, since=NOW - timedelta(days=1), now=NOW)
    receipts.issue_missing(now=NOW)
    details.change(at_stripe, Details("Other"), actor=owner, now=NOW)
    sheet = reports.sheet_of(at_stripe, Document.objects.get().pk)
    assert sheet.customer["name"] == "Acme GmbH"
    assert sheet.customer["address"] == ["Weg 1", "10115 Berlin", "DE"]
    (row,) = client_of(owner).get("/api/billing/documents").json()["documents"]
    assert (row["number"], row["total"]) == ("REC-000001", 25)


def test_costs_are_converted_at_the_rate_of_their_day(staff, db):
    for day, rate in ((0, "0.90"), (10, "0.95")):
        ExchangeRate.objects.create(
            base="USD",
            quote="EUR",
            rate=Decimal(rate),
            valid_from=NOW + timedelta(days=day),
            created_by=staff,
            created_at=NOW,
        )
    cost = Decimal("1.234567")
    assert exchange.cost_in("EUR", cost, at=NOW) == Decimal("1.111110")
    late = NOW + timedelta(days=11)
    assert exchange.cost_in("EUR", cost, at=late) == Decimal("1.172839")
    assert exchange.cost_in("USD", cost, at=NOW) == cost
    with pytest.raises(NoRate):
        exchange.cost_in("NGN", cost, at=NOW)
    with pytest.raises(NoRate):
        exchange.cost_in("EUR", cost, at=NOW - timedelta(seconds=1))


def test_stripe_hears_that_an_invoice_was_paid_by_transfer_and_it_counts_once(
    at_stripe, provider, stripe, staff
):
    _month_of_calls(at_stripe)
    issuing.issue_due(now=LATER)
    document = Document.objects.get()
    for _ in range(2):
        settling.mark_paid(document, reason="statement 7", actor=staff, now=LATER)
    (invoice,) = stripe.get("invoices")["data"]
    assert invoice["status"] == "paid"
    reconcile(provider, since=NOW - timedelta(days=1), now=LATER)
    assert (Payment.objects.get().amount, Document.objects.get().state) == (
        Decimal("0.56"),
        "paid",
    )


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_command_tells_programs_and_people_how_it_goes(at_stripe, stripe, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    _buy(at_stripe, stripe)
    out, err = StringIO(), Terminal()
    with pytest.raises(SystemExit):
        call_command("reconcile_payments", "--json", "--dry-run", stdout=out, stderr=err)
    told = json.loads(out.getvalue())
    assert told["missed_events"] == told["events"] > 0
    assert f"{told['events']} events looked at" in err.getvalue()
    call_command("reconcile_payments", stdout=out, stderr=StringIO())
    assert Purchase.objects.get().state == Purchase.State.FULFILLED
    assert "no differences" in out.getvalue()
