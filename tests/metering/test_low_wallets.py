"""The gate tells when a wallet runs low: once, in its own transaction, for who asked."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import Organization
from metering.balances import top_ups_due
from metering.calls import gate
from metering.models import Rate, TopUpDue, UsageHold
from metering.usage import holds, record
from metering.usage.errors import NothingPays
from metering.verification.run import verify
from tests.factories import metering as make

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller():
    """Ten units in the wallet, calls at 1.00 a minute, a hold of three minutes each."""
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price="1.00", call_minutes_max=3
    )
    organization = make.make_balances(now=NOW, card=card, wallet="10")
    number = make.make_number(organization=organization, valid_from=NOW)
    yield lambda: gate.admit(make.make_request(make.call_ref(number), at=NOW), now=NOW)
    assert verify(now=NOW).findings == []


@pytest.fixture
def organization_id(caller):
    return make.PhoneNumber.objects.get().organization_id


def test_nobody_is_told_who_did_not_ask(caller):
    while caller().admitted:
        pass
    assert not TopUpDue.objects.exists()


def test_the_hold_that_takes_the_free_balance_under_the_threshold_tells(
    caller, organization_id
):
    top_ups_due.watch(organization_id, below=Decimal(5))
    assert caller().admitted  # 7 are free
    assert not TopUpDue.objects.exists()
    assert caller().admitted  # 4 are free
    due = TopUpDue.objects.get()
    assert (due.reason, due.balance, due.free_balance) == ("below_threshold", 10, 4)
    assert top_ups_due.free_balance(organization_id, now=NOW) == 4


def test_one_row_waits_however_many_calls_find_the_wallet_low(caller, organization_id):
    top_ups_due.watch(organization_id, below=Decimal(20))
    while caller().admitted:
        pass
    (due,) = top_ups_due.open_ones()
    top_ups_due.close(due.id, outcome="charged", now=NOW)
    assert top_ups_due.open_ones() == []
    assert caller().rule == "wallet_empty"
    (again,) = top_ups_due.open_ones()
    assert again.reason == "refused"


def test_a_refusal_for_anything_else_tells_nothing(caller, organization_id):
    top_ups_due.watch(organization_id, below=Decimal(0))
    Organization.objects.update(status="suspended")
    assert caller().rule == "suspended"
    assert top_ups_due.open_ones() == []


def test_plan_minutes_are_used_up_before_the_money_counts_as_promised():
    card = make.make_card(
        when_exhausted="wallet", included_minutes=6, unit_price="1.00", call_minutes_max=3
    )
    organization = make.make_balances(now=NOW, card=card, wallet="10")
    number = make.make_number(organization=organization, valid_from=NOW)
    top_ups_due.watch(organization.pk, below=Decimal("9.5"))
    for _ in range(2):
        gate.admit(make.make_request(make.call_ref(number), at=NOW), now=NOW)
    assert top_ups_due.open_ones() == []
    gate.admit(make.make_request(make.call_ref(number), at=NOW), now=NOW)
    assert len(top_ups_due.open_ones()) == 1


@pytest.fixture
def holder():
    """Ten units in the wallet, and a meter of 1.00 apiece that is asked for before."""
    card = make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="1.00")
    Rate.objects.create(rate_card=card, meter="ai_query", unit_price=Decimal(1))
    organization = make.make_balances(now=NOW, card=card, wallet="10")
    yield lambda quantity, reference: holds.hold(
        organization,
        meter="ai_query",
        quantity=Decimal(quantity),
        reference=reference,
        now=NOW,
    )
    assert verify(now=NOW).findings == []


def test_holds_of_other_meters_tell_as_calls_do(holder):
    organization = Organization.objects.get()
    top_ups_due.watch(organization.pk, below=Decimal(5))
    holder(4, "first")
    assert top_ups_due.open_ones() == []
    holder(2, "second")
    (due,) = TopUpDue.objects.all()
    assert (due.reason, due.provider_call_id) == ("below_threshold", "second")
    assert (due.balance, due.free_balance) == (10, 4)
    assert top_ups_due.free_balance(organization.pk, now=NOW) == 4
    holder(1, "third")
    (due,) = top_ups_due.open_ones()
    top_ups_due.close(due.id, outcome="credited", now=NOW)

    with pytest.raises(NothingPays):
        holder(4, "fourth")
    assert UsageHold.objects.count() == 3
    (again,) = top_ups_due.open_ones()
    assert again.reason == "refused"


def test_a_call_is_weighed_beside_what_other_meters_hold(holder):
    organization = Organization.objects.get()
    number = make.make_number(organization=organization, valid_from=NOW)
    holder(5, "queries")
    top_ups_due.watch(organization.pk, below=Decimal(4))
    gate.admit(make.make_request(make.call_ref(number), at=NOW), now=NOW)
    (due,) = TopUpDue.objects.all()
    assert (due.reason, due.balance, due.free_balance) == ("below_threshold", 10, 2)
    assert top_ups_due.free_balance(organization.pk, now=NOW) == 2


def test_usage_that_nobody_held_tells_as_well(holder):
    organization = Organization.objects.get()
    top_ups_due.watch(organization.pk, below=Decimal(5))

    def use(quantity, key):
        return record.record_ai_query(organization, key=key, queries=quantity, now=NOW)

    use(4, "first")
    assert top_ups_due.open_ones() == []
    use(2, "second")
    (due,) = top_ups_due.open_ones()
    assert due.reason == "below_threshold"
    top_ups_due.close(due.id, outcome="credited", now=NOW)
    use(2, "second")
    assert top_ups_due.open_ones() == []

    with pytest.raises(NothingPays):
        use(8, "third")
    (due,) = top_ups_due.open_ones()
    assert due.reason == "refused"


def test_holds_of_who_did_not_ask_tell_nobody(holder):
    holder(9, "first")
    with pytest.raises(NothingPays):
        holder(2, "second")
    assert not TopUpDue.objects.exists()
