"""Corrections by hand: once, traced, limited to what is free, and taken back once."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from accounts.models import AuditEntry
from metering.balances import adjustments, ledger
from metering.balances.ledger import LedgerError, NotAvailable
from metering.models import MinuteTransaction
from metering.verification.run import verify
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(organization):
    make.make_balances(organization=organization, now=NOW)
    yield organization
    assert verify(now=NOW).findings == []


def traces(organization):
    return AuditEntry.objects.filter(
        organization=organization, action__endswith=".adjusted"
    )


def adjust(counter, change, organization, **more):
    return adjustments.adjust(
        counter,
        change,
        organization=organization,
        reason="goodwill",
        actor="command test",
        now=NOW,
        **more,
    )


@pytest.mark.parametrize(
    ("counter", "change", "field"),
    [
        ("credit_minutes", 30, "credit_minutes"),
        ("minutes_used", 5, "minutes_used_this_cycle"),
        ("wallet", Decimal("12.5"), "wallet"),
    ],
)
def test_change_is_told_before_and_after_and_leaves_a_trace(
    customer, counter, change, field
):
    done = adjust(counter, change, customer)

    assert getattr(done.after, field) - getattr(done.before, field) == change
    assert adjustments.counters_of(customer) == done.after
    assert traces(customer).get().detail["reference"] == done.reference


def test_same_adjustment_sent_twice_happens_once(customer):
    which = uuid4()

    first = adjust("credit_minutes", 30, customer, adjustment_id=which)
    second = adjust("credit_minutes", 30, customer, adjustment_id=which)

    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert second.after == first.after
    assert traces(customer).count() == 1


def test_dry_run_keeps_nothing(customer):
    shown = adjust("wallet", Decimal(5), customer, dry_run=True)

    assert shown.after.wallet == shown.before.wallet + 5
    assert adjustments.counters_of(customer) == shown.before
    assert not traces(customer).exists()


@pytest.mark.parametrize(
    ("counter", "change"), [("credit_minutes", -1), ("wallet", Decimal("-0.01"))]
)
def test_no_more_is_taken_than_is_free(customer, counter, change):
    with pytest.raises(NotAvailable):
        adjust(counter, change, customer)


@pytest.mark.parametrize(
    ("counter", "change"),
    [
        ("credit_minutes", 0),
        ("credit_minutes", Decimal("1.5")),
        ("minutes_used", adjustments.MINUTES_MAX + 1),
        ("wallet", adjustments.AMOUNT_MAX + 1),
    ],
)
def test_change_that_cannot_be_meant_is_refused(customer, counter, change):
    with pytest.raises(LedgerError):
        adjust(counter, change, customer)


@pytest.mark.parametrize(
    ("counter", "change"),
    [("credit_minutes", 30), ("minutes_used", 5), ("wallet", Decimal("12.5"))],
)
def test_reversal_restores_what_was_and_happens_once(customer, counter, change):
    done = adjust(counter, change, customer)
    take_back = {"organization": customer, "reason": "a slip", "actor": "staff", "now": NOW}

    first = adjustments.reverse(done.reference, **take_back)
    second = adjustments.reverse(done.reference, **take_back)

    assert first.after == done.before
    assert second.is_repeated
    assert adjustments.counters_of(customer) == done.before


def test_what_is_no_adjustment_cannot_be_reversed(customer):
    ledger.add_credit_minutes(
        organization_id=customer.pk, minutes=5, kind="purchase", reference="p:1", now=NOW
    )

    with pytest.raises(LedgerError, match="no such adjustment"):
        adjustments.reverse(
            "p:1", organization=customer, reason="a slip", actor="staff", now=NOW
        )
    assert MinuteTransaction.objects.filter(organization=customer).count() == 1
