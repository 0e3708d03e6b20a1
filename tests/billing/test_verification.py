"""Each rule of billing finds the row that breaks it, by name."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from accounts.models import PeriodicRun
from billing import catalogue_loading, money_days, plans
from billing.documents import credit_notes, receipts
from billing.events import Disputed, Paid, PeriodPaid, Refunded
from billing.invoices import issuing, settling
from billing.models import (
    OverageDelivery,
    Plan,
    Subscription,
    TopUp,
)
from billing.overage import collecting, deciding
from billing.purchases import from_wallet, fulfilling, starting
from billing.reversals import recording, refunding
from billing.subscriptions import periods
from billing.topups import fulfilling as filling
from billing.verification import RULES
from metering.balances import cycles
from metering.models import OverageCharge, UsageCharge
from metering.verification.run import verify
from servicebilling.lib.ids import new_id
from tests.billing.verification_breaks import BREAKS
from tests.factories.accounts import make_organization

NOW = datetime(2026, 1, 5, tzinfo=UTC)
LATER = NOW + timedelta(days=40)


@pytest.fixture
def told(organization, staff, monkeypatch):
    """Somebody who bought, filled the wallet, subscribed and got some of it back; and
    somebody who has only just begun."""
    catalogue_loading.load(now=NOW)
    none = plans.get("none")
    plans.open_organization(organization=organization, plan=none, now=NOW)
    _buy_and_fill(organization, staff)
    _subscribe(organization)
    _give_back(organization, staff)
    _use_beyond(organization, staff)
    other = make_organization(name="Beginner", now=NOW)
    plans.open_organization(organization=other, plan=none, now=NOW)
    cycles.roll_over(other.pk, now=LATER)
    night = _at() - timedelta(hours=3)
    money_days.sum_late(now=night)
    PeriodicRun.objects.create(
        task="sum_late_money_days", period="1", started_at=night, message_id=""
    )
    return organization, other


def _buy_and_fill(organization, staff) -> None:
    bought = starting.start(
        organization=organization,
        bundle_code="minutes-100-usd",
        provider="stripe",
        started_by=None,
        now=NOW,
    )
    paid = Paid("stripe", bought.pk, "pi_1", Decimal(25), "USD", NOW)
    assert fulfilling.fulfil(paid, now=NOW) == "fulfilled"
    top_up = TopUp.objects.create(
        organization=organization,
        amount=Decimal(50),
        currency="USD",
        provider="flutterwave",
        created_at=NOW,
    )
    come = Paid("flutterwave", top_up.pk, "77", Decimal(50), "USD", NOW)
    assert filling.credit(come, now=NOW) == "credited"
    from_wallet.buy(
        organization=organization, bundle_code="minutes-50-usd", bought_by=staff, now=NOW
    )


def _subscribe(organization) -> None:
    plan = Plan.objects.get(code="wallet-starter")
    Subscription.objects.create(
        organization=organization,
        plan=plan,
        rate_card=plan.rate_card,
        price=Decimal(49),
        monthly_wallet_grant=plan.monthly_wallet_grant,
        currency="USD",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        created_at=NOW,
    )
    until = NOW + timedelta(days=31)
    periods.pay(
        PeriodPaid("stripe", "sub_1", "in_1", NOW, until, Decimal(49), "USD", NOW), now=NOW
    )
    Subscription.objects.update(
        status="canceled", ended_at=LATER - timedelta(days=9), overage_settled_at=LATER
    )


def _give_back(organization, staff) -> None:
    half = Refunded(
        "stripe", "re_1", ("pi_1",), Decimal("12.50"), "USD", "succeeded", True, NOW
    )
    recording.record(half, now=NOW)
    for key, amount, status in (("dp_1", 5, "lost"), ("dp_2", 5, "won")):
        away = status == "lost"
        dispute = Disputed(
            "stripe", key, ("pi_1",), Decimal(amount), "USD", status, away, NOW
        )
        recording.record(dispute, now=NOW)
    top_up = TopUp.objects.get().payment
    order = refunding.order(
        top_up,
        amount=Decimal(20),
        reason="too much",
        actor=staff,
        attempt=new_id(),
        now=NOW,
    )
    part = Refunded("flutterwave", "9", ("77",), Decimal(20), "USD", "succeeded", True, NOW)
    refunding.keep(order, part, now=NOW)
    receipts.issue_missing(now=NOW)
    credit_notes.issue_missing(now=NOW)


def _use_beyond(organization, staff) -> None:
    """Overage that nobody bills, another meter's, and a pay-as-you-go month."""
    cycle = organization.allowance.cycle
    named = {
        "organization": organization,
        "cycle": cycle,
        "amount": Decimal(2),
        "currency": "USD",
        "occurred_at": NOW,
        "created_at": NOW,
    }
    # As metering writes them; that they fit the cycle's charges is a rule of its own.
    OverageCharge.objects.create(
        **named, rate_card=cycle.rate_card, reference="call:1", minutes=4
    )
    UsageCharge.objects.create(
        **named, rate_card=cycle.rate_card, meter="api_call", reference="u", quantity=1
    )
    cycles.roll_over(organization.pk, now=LATER)
    collecting.collect(now=LATER)
    collecting.collect_meters(now=LATER)
    row = OverageDelivery.objects.earliest("id")
    deciding.ask_apart(row.pk, reason="they left", actor=staff, now=LATER)
    cycle.refresh_from_db()
    asked = {"cycle": str(cycle.pk), "source": "voice:payg-1", "amount": "1.50"}
    lines = [issuing.amounts.Asked("Call minutes", "30", Decimal("1.50"))]
    month = issuing.drafted(organization, lines, now=LATER)
    month.cycle, month.own_lines = cycle, [asked]
    issuing.issued(month)
    settling.mark_paid(month, reason="statement 7", actor=staff, now=LATER)


def _of_billing(findings):
    names = {rule.name for rule in RULES}
    return [found for found in findings if found.rule in names]


def _at() -> datetime:
    return LATER + timedelta(days=2)


def test_what_adds_up_is_checked_by_every_rule_and_found_right(told):
    verdict = verify(now=_at())
    assert _of_billing(verdict.findings) == []
    unchecked = [rule.name for rule in RULES if not verdict.checked[rule.name]]
    assert unchecked == []


def test_every_rule_is_broken_here():
    assert {rule for rule, _ in BREAKS} == {rule.name for rule in RULES}


def test_a_broken_row_is_found_and_named_by_each_rule(told):
    """One story, broken in one way after another; each is undone before the next."""
    organization, other = told
    not_found = []
    for rule, statement in BREAKS:
        undo = transaction.savepoint()
        broken = _break(statement, organization, other)
        found = {one.row: one for one in verify(now=_at()).findings if one.rule == rule}
        is_named = broken and broken <= set(found)
        slugs = {one.organization for one in found.values()}
        if not is_named or not slugs <= {organization.slug, ""}:
            not_found.append((rule, broken, sorted(found)))
        transaction.savepoint_rollback(undo)
    assert not_found == []


def _break(statement: str, organization, other) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement.format(other=f"'{other.pk}'"))
        return {row for (row,) in cursor.fetchall()}
