"""Staff give money back through Stripe: shown first, once, by whom it is allowed to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import AuditEntry
from billing import catalogue_loading, checkout, plans
from billing.models import Document, Payment, Purchase, Refund, RefundOrder
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.reconciling.comparing import reconcile
from billing.reversals import refunding
from metering.balances import ledger
from metering.models import Allowance
from metering.verification.run import verify
from servicebilling.lib.ids import new_id

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
REFUNDS = "/v1/refunds"


@pytest.fixture
def paid(organization, provider, customer, stripe, monkeypatch) -> Payment:
    """A hundred minutes for 25.00, of which twenty are spent."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr(registry, "get", lambda name: provider)
    catalogue_loading.load(now=NOW)
    organization.stripe_customer_id = customer.id
    organization.save()
    plans.open_organization(organization=organization, plan=plans.get("none"), now=NOW)
    checkout.buy_bundle(
        organization=organization,
        bundle_code="minutes-100-usd",
        provider="stripe",
        started_by=None,
        now=NOW,
    )
    stripe.pay(Purchase.objects.get().checkout_id)
    reconcile(provider, since=NOW - timedelta(days=1), now=NOW)
    ledger.adjust_used(
        organization_id=organization.pk,
        minutes=20,
        reference="test:spent",
        reason="spent",
        now=NOW,
    )
    return Payment.objects.get()


@pytest.fixture
def browser(staff, client_of):
    staff.groups.set([Group.objects.get(name="finance")])
    return client_of(staff)


def place(payment: Payment) -> str:
    return reverse("adminpanel:payment", args=[payment.pk])


def asked(**fields: str) -> dict[str, str]:
    return {"amount": "25", "reason": "they asked", "attempt": str(new_id())} | fields


def left() -> int:
    found = Allowance.objects.get()
    return found.plan_minutes + found.credit_minutes - found.minutes_used_this_cycle


def test_what_would_be_taken_back_is_shown_and_nothing_happens(paid, browser, stripe):
    shown = browser.post(place(paid), asked()).content.decode()
    assert "becomes debt" in shown
    assert ">-20<" in shown.replace("\N{MINUS SIGN}", "-")
    assert stripe.every("refund") == []
    assert (Refund.objects.count(), RefundOrder.objects.count(), left()) == (0, 0, 80)


def test_a_confirmed_refund_happens_once_however_often_it_is_sent(paid, browser, stripe):
    sent = asked(amount="12.50", confirm="yes")
    for _ in range(3):
        assert browser.post(place(paid), sent).status_code == 302
    (there,) = stripe.every("refund")
    assert there["amount"] == 1250
    assert (Refund.objects.get().minutes, left()) == (50, 30)
    assert Refund.objects.get().asked_by.email == "staff@example.org"
    note = Document.objects.get(kind="credit_note")
    assert (note.total, note.number) == (Decimal("12.50"), "CN-000001")
    assert AuditEntry.objects.filter(action="refund.asked").count() == 1
    browser.post(place(paid), asked(amount="12.50", confirm="yes"))
    assert (len(stripe.every("refund")), left()) == (2, -20)
    page = browser.get(place(paid)).content.decode()
    assert page.count("they asked") == 2
    assert "Show the effect" not in page
    assert verify(now=NOW).findings == []


@pytest.mark.parametrize(
    "wrong",
    [{"amount": "25.01"}, {"amount": "0"}, {"amount": "1.001"}, {"reason": ""}],
)
def test_what_cannot_go_back_is_said_and_kept_in_the_form(paid, browser, stripe, wrong):
    reply = browser.post(place(paid), asked(confirm="yes", **wrong))
    assert "staff-error" in reply.content.decode()
    assert stripe.every("refund") == []


def test_only_finance_and_admin_give_money_back(paid, staff, client_of):
    staff.groups.set([Group.objects.get(name="support")])
    browser = client_of(staff)
    assert "Show the effect" not in browser.get(place(paid)).content.decode()
    assert browser.post(place(paid), asked(confirm="yes")).status_code == 403
    assert not RefundOrder.objects.exists()


@pytest.mark.parametrize("fault", ["lost_answer", "no_answer", "500"])
def test_a_refund_that_nobody_answered_is_given_once_by_the_worker(
    paid, browser, stripe, fault
):
    stripe.control("faults", kind=fault, times="3", method="POST", path=REFUNDS)
    shown = browser.post(place(paid), asked(confirm="yes"), follow=True).content.decode()
    assert "has not answered yet" in shown
    # Nothing else can be asked for meanwhile.
    assert refunding.left_of(paid).left == 0
    stripe.control("clock", hours="30", wait="no")
    stripe.control("faults/clear")
    later = datetime.now(UTC) + timedelta(hours=30)
    assert refunding.give_due(now=later) == 1
    assert refunding.give_due(now=later) == 0
    assert len(stripe.every("refund")) == 1
    assert (RefundOrder.objects.get().state, left()) == ("delivered", -20)


def test_a_refund_that_stripe_refuses_leaves_the_money_to_be_given(paid, browser, stripe):
    intent = stripe.every("payment_intent")[0]["id"]
    stripe.post("refunds", payment_intent=intent, amount="2000")
    shown = browser.post(place(paid), asked(confirm="yes"), follow=True).content.decode()
    assert "The provider refused" in shown
    assert refunding.left_of(paid).left == 25
    assert (RefundOrder.objects.get().state, left()) == ("refused", 80)


def test_a_pending_refund_is_followed_until_it_is_settled(paid, staff, provider, stripe):
    made = refunding.order(
        paid,
        amount=Decimal(25),
        reason="they asked",
        actor=staff,
        attempt=new_id(),
        now=NOW,
    )
    refunding.give(made.pk, now=NOW)
    Refund.objects.update(status="pending")
    with pytest.MonkeyPatch.context() as silent:

        def fail(*args: object, **named: object) -> None:
            raise ProviderError("nobody is there", retry=True)

        silent.setattr(provider, "refund", fail)
        assert refunding.follow(now=NOW) == 0
    assert refunding.follow(now=NOW) == 1
    assert refunding.follow(now=NOW) == 0
    assert Refund.objects.get().status == "succeeded"
    assert len(stripe.every("refund")) == 1
