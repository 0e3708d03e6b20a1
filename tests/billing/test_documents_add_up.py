"""Documents add up to payments, and credit notes to refunds, at every provider and in every
order; numbers have no gaps whoever issues, and whatever breaks."""

import contextlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from billing import catalogue_loading, plans
from billing.documents import credit_notes, receipts, taking_over
from billing.events import Invoiced, InvoiceLine, Paid, PeriodPaid, Refunded
from billing.invoices import issuing, settling
from billing.models import (
    Document,
    DocumentSeries,
    Payment,
    Plan,
    Refund,
    Subscription,
    TopUp,
)
from billing.purchases import fulfilling, starting
from billing.reversals import recording
from billing.subscriptions import periods
from billing.topups import fulfilling as filling
from metering.balances import cycles
from metering.calls import settle
from metering.models import BillingCycle
from metering.verification.run import verify
from tests.crowd import Crowd
from tests.factories import metering as make
from tests.length import IS_LONG

NOW = datetime(2026, 1, 5, tzinfo=UTC)
PROVIDERS = ("stripe", "flutterwave")
MONTH = timedelta(days=31)


@pytest.fixture
def payer(organization):
    catalogue_loading.load(now=NOW)
    plans.open_organization(organization=organization, plan=plans.get("none"), now=NOW)
    return organization


def _names():
    number = 0
    while True:
        number += 1
        yield f"{number}"


class Life:
    """Somebody who pays in every way there is and gets some of it back, by chance."""

    def __init__(self, organization, staff, seed: int) -> None:
        self.organization, self.staff = organization, staff
        self.chance, self.names = random.Random(seed), _names()
        self.paid: list[tuple[str, str, Decimal]] = []
        self.told: list[Refunded] = []
        self.subscriptions = {name: self._subscribe(name) for name in PROVIDERS}

    def live(self, steps: int) -> None:
        deeds = [self.buy, self.fill, self.renew, self.invoice, self.refund, self.again]
        for _ in range(steps):
            self.chance.choice(deeds)()
            if self.chance.random() < 0.3:
                self.issue()
        self.issue()

    def issue(self) -> None:
        receipts.issue_missing(now=NOW)
        credit_notes.issue_missing(now=NOW)

    def buy(self) -> None:
        provider, id = self.chance.choice(PROVIDERS), next(self.names)
        bought = starting.start(
            organization=self.organization,
            bundle_code="minutes-100-usd",
            provider=provider,
            started_by=None,
            now=NOW,
        )
        tax = Decimal(self.chance.choice((0, 5)))
        paid = Paid(provider, bought.pk, id, Decimal(25), "USD", NOW, tax=tax)
        for _ in range(self.chance.choice((1, 2))):
            fulfilling.fulfil(paid, now=NOW)
        self.paid.append((provider, id, Decimal(25) + tax))

    def fill(self) -> None:
        provider, id = self.chance.choice(PROVIDERS), next(self.names)
        row = TopUp.objects.create(
            organization=self.organization,
            amount=Decimal(50),
            currency="USD",
            provider=provider,
            created_at=NOW,
        )
        filling.credit(Paid(provider, row.pk, id, Decimal(50), "USD", NOW), now=NOW)
        self.paid.append((provider, id, Decimal(50)))

    def renew(self) -> None:
        provider, id = self.chance.choice(PROVIDERS), next(self.names)
        begins = NOW + MONTH * int(id)
        paid = PeriodPaid(
            provider, provider, id, begins, begins + MONTH, Decimal(49), "USD", NOW
        )
        news = [lambda: periods.pay(paid, now=NOW)]
        if provider == "stripe":
            news.append(lambda: self._take(id, Decimal(49), is_period=True))
        self.chance.shuffle(news)
        # Told twice and in any order, as webhooks are.
        for one in news * 2:
            one()
        self.paid.append((provider, id, Decimal(49)))

    def invoice(self) -> None:
        """Stripe's for overage, or one of ours that is paid by transfer."""
        amount, id = Decimal(self.chance.randint(1, 900)) / 100, next(self.names)
        if self.chance.random() < 0.5:
            for _ in range(2):
                self._take(id, amount, is_period=False)
            self.paid.append(("stripe", id, amount))
            return
        lines = [issuing.amounts.Asked("Call minutes", "3", amount)]
        document = issuing.issued(issuing.drafted(self.organization, lines, now=NOW))
        settling.mark_paid(document, reason="bank", actor=self.staff, now=NOW)

    def refund(self) -> None:
        if not self.paid:
            return
        provider, id, amount = self.chance.choice(self.paid)
        back = sum(one.amount for one in self.told if one.payment_ids == (id,))
        part = min(Decimal(self.chance.randint(1, 2500)) / 100, amount - back)
        if part > 0:
            self._tell(
                Refunded(
                    provider,
                    f"re_{next(self.names)}",
                    (id,),
                    part,
                    "USD",
                    "pending",
                    True,
                    NOW,
                )
            )

    def again(self) -> None:
        """More news of a refund that was told of."""
        if self.told:
            self._tell(self.chance.choice(self.told))

    def _tell(self, fact: Refunded) -> None:
        status = self.chance.choice(("pending", "succeeded", "succeeded", "failed"))
        told = Refunded(
            fact.provider,
            fact.refund_id,
            fact.payment_ids,
            fact.amount,
            fact.currency,
            status,
            status != "failed",
            NOW,
        )
        recording.record(told, now=NOW)
        credit_notes.issue(told, now=NOW)
        if fact not in self.told:
            self.told.append(fact)

    def _take(self, id: str, amount: Decimal, *, is_period: bool) -> None:
        fact = Invoiced(
            provider="stripe",
            invoice_id=id,
            number=f"S-{id}",
            state="paid",
            currency="USD",
            subtotal=amount,
            tax=Decimal(0),
            total=amount,
            amount_paid=amount,
            lines=(InvoiceLine("Something", "1", amount),),
            issued_at=NOW,
            is_period=is_period,
            paid_at=NOW,
        )
        taking_over.take(fact, organization=self.organization, now=NOW)

    def _subscribe(self, provider: str) -> Subscription:
        plan = Plan.objects.get(code="hybrid")
        return Subscription.objects.create(
            organization=self.organization,
            plan=plan,
            rate_card=plan.rate_card,
            price=Decimal(49),
            currency="USD",
            billing_period="monthly",
            provider=provider,
            provider_subscription_id=provider,
            status="active",
            created_at=NOW,
        )


def _total(rows, field: str = "total") -> Decimal:
    return rows.aggregate(sum=Sum(field))["sum"] or Decimal(0)


def _numbers_have_no_gaps() -> None:
    for series in DocumentSeries.objects.all():
        given = Document.objects.filter(series=series).order_by("number_in_series")
        numbers = list(given.values_list("number_in_series", flat=True))
        assert numbers == list(range(1, series.last_number + 1))


@pytest.mark.parametrize("seed", range(60 if IS_LONG else 2))
def test_documents_add_up_to_payments_and_credit_notes_to_refunds(payer, staff, seed):
    Life(payer, staff, seed).live(30)
    papers = Document.objects.exclude(kind="credit_note")
    payments = Payment.objects.all()
    assert payments.count() > 5
    assert set(payments.values_list("document__kind", flat=True)) <= {"receipt", "invoice"}
    assert Counter(papers.values_list("payment", flat=True)).most_common(1)[0][1] == 1
    assert papers.filter(payment=None).count() == 0
    assert _total(papers) == _total(payments, "amount") + _total(payments, "tax")

    notes = Document.objects.filter(kind="credit_note").exclude(state="void")
    succeeded = Refund.objects.filter(status="succeeded")
    assert _total(notes) == _total(succeeded, "amount")
    for paper in papers:
        assert _total(notes.filter(corrects=paper)) <= paper.total
    _numbers_have_no_gaps()
    wrong = [one for one in verify(now=NOW).findings if "document" in one.rule]
    assert wrong == []


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_when_many_issue_at_once_and_some_break(payer, monkeypatch):
    for number in range(12):
        row = TopUp.objects.create(
            organization=payer,
            amount=Decimal(50),
            currency="USD",
            provider="stripe",
            created_at=NOW,
        )
        filling.credit(Paid("stripe", row.pk, f"{number}", row.amount, "USD", NOW), now=NOW)
    save, broken = Document.save, []

    def fall_over(self, **options):
        save(self, **options)
        if len(broken) < 5:
            broken.append(self)
            raise OSError("the disk is full")

    monkeypatch.setattr(Document, "save", fall_over)

    payments = list(Payment.objects.all())

    def issue(thread: int) -> None:
        """Each its own payment, so that nothing but the numbers is shared."""
        for payment in payments[thread::6]:
            with contextlib.suppress(OSError):
                receipts.issue(payment, now=NOW)

    with Crowd(6) as crowd:
        for _ in range(3):
            crowd.at_once(issue)
    assert len(broken) == 5
    assert Document.objects.count() == 12
    _numbers_have_no_gaps()


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_make_one_invoice_of_a_month(organization):
    catalogue_loading.load(now=NOW)
    plans.open_organization(organization=organization, plan=plans.get("payg"), now=NOW)
    number = make.make_number(organization=organization, valid_from=NOW)
    report = make.make_report(make.call_ref(number), started_at=NOW, seconds=600)
    settle.settle([report], now=NOW + timedelta(minutes=10))
    later = NOW + timedelta(days=40)
    cycles.roll_over(organization.pk, now=later)
    with Crowd(6) as crowd:
        crowd.at_once(lambda thread: issuing.issue_due(now=later))
    document = Document.objects.get()
    assert (document.number, document.total) == ("INV-000001", Decimal("0.50"))
    assert document.cycle == BillingCycle.objects.get(state="closed")
    assert verify(now=later).findings == []
