"""What an organization is shown of its cycle, its month and its calls."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import organizations
from metering.balances import cycles, ledger
from metering.calls import gate, settle
from metering.models import Allowance, Call, WhenExhausted
from metering.usage import reports
from tests.factories import accounts
from tests.factories import metering as make
from tests.usage.uses import begin, use, used

pytestmark = pytest.mark.django_db


def talk(organization, *, at, seconds, cost=None, number=None, **fields):
    """One admitted and settled call; the organization gets a number if none is given."""
    number = number or make.make_number(
        organization=organization, valid_from=at - timedelta(days=1)
    )
    ref = make.call_ref(number, **fields)
    gate.admit(make.make_request(ref, at=at), now=at)
    report = make.make_report(ref, started_at=at, seconds=seconds, cost=cost)
    settle.settle([report], now=report.at)
    return ref


def test_plan_minutes_go_before_credit(now):
    organization = make.make_balances(
        now=now, card=make.make_card(included_minutes=10), credit_minutes=5
    )
    talk(organization, at=now, seconds=7 * 60)

    report = reports.usage_this_cycle(organization, now=now)

    assert report.minutes_used_this_cycle == report.minutes_covered == 7
    assert (report.plan_minutes_left, report.credit_minutes_left) == (3, 5)
    assert report.minutes_remaining == 8
    assert report.percent_used == 46


def test_credit_that_this_cycle_took_is_no_longer_left(now):
    """The ledger takes it at the cycle's end; nobody should be shown it until then."""
    organization = make.make_balances(
        now=now, card=make.make_card(included_minutes=4), credit_minutes=5
    )
    talk(organization, at=now, seconds=4 * 60)
    talk(organization, at=now, seconds=3 * 60)

    report = reports.usage_this_cycle(organization, now=now)

    assert (report.credit_minutes, report.credit_minutes_left) == (5, 2)
    assert (report.plan_minutes_left, report.minutes_remaining) == (0, 2)


def test_minutes_used_beyond_what_there_was_are_owed(now):
    card = make.make_card(included_minutes=3)
    organization = make.make_balances(now=now, card=card)
    talk(organization, at=now, seconds=10 * 60)

    report = reports.usage_this_cycle(organization, now=now)

    assert (report.minutes_remaining, report.debt_minutes) == (0, 7)
    assert report.percent_used == 333
    assert report.minutes_admissible == 0


def test_older_debt_takes_plan_minutes_first(now):
    organization = make.make_balances(now=now, card=make.make_card(included_minutes=10))
    ledger.add_credit_minutes(
        organization_id=organization.id,
        minutes=-4,
        kind="refund",
        reference=make.reference_of(),
        now=now,
    )

    report = reports.usage_this_cycle(organization, now=now)

    assert (report.debt_minutes, report.minutes_pool) == (4, 6)
    assert report.minutes_remaining == report.plan_minutes_left == 6


def test_overage_is_counted_apart_from_what_the_plan_covered(now):
    card = make.make_card(
        when_exhausted=WhenExhausted.OVERAGE,
        included_minutes=3,
        unit_price="0.50",
        overage_limit_minutes=20,
    )
    organization = make.make_balances(now=now, card=card)
    talk(organization, at=now, seconds=3 * 60)
    talk(organization, at=now, seconds=2 * 60)

    report = reports.usage_this_cycle(organization, now=now)

    assert (report.minutes_covered, report.minutes_paid_otherwise) == (3, 2)
    assert report.percent_used == 100
    assert report.amount_charged == Decimal(1)
    assert (report.overage_limit_minutes, report.overage_minutes_left) == (20, 18)


def test_own_spend_cap_is_the_limit_where_it_is_smaller(now):
    card = make.make_card(when_exhausted="overage", overage_limit_minutes=20)
    organization = make.make_balances(now=now, card=card)

    cycles.set_overage_limit(organization_id=organization.id, minutes=8, now=now)
    assert reports.usage_this_cycle(organization, now=now).overage_limit_minutes == 8
    cycles.set_overage_limit(organization_id=organization.id, minutes=80, now=now)
    assert reports.usage_this_cycle(organization, now=now).overage_limit_minutes == 20


def test_wallet_organization_sees_its_money(now):
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price="0.10", increments=(1, 1)
    )
    organization = make.make_balances(now=now, card=card, wallet="20")
    talk(organization, at=now, seconds=90)

    report = reports.usage_this_cycle(organization, now=now)

    assert report.wallet_balance == Decimal("19.85")
    assert report.amount_charged == Decimal("0.15")
    assert not report.is_by_the_minute
    assert report.percent_used == 0


def test_postpaid_organization_sees_what_is_left_of_its_limit(now):
    card = make.make_card(
        when_exhausted="postpaid",
        included_minutes=0,
        unit_price="0.05",
        postpaid_limit_amount=Decimal(10),
    )
    organization = make.make_balances(now=now, card=card)
    talk(organization, at=now, seconds=120)

    report = reports.usage_this_cycle(organization, now=now)

    assert report.postpaid_amount_left == Decimal("9.90")


def test_other_meters_are_on_the_same_limit_and_invoice(now):
    organization = begin(
        now,
        when_exhausted="postpaid",
        terms={"postpaid_limit_amount": Decimal(10)},
        unit_price="0.01",
    )
    used(organization, use("300"), now=now)

    report = reports.usage_this_cycle(organization, now=now)

    assert (report.postpaid_amount_left, report.amount_invoiced) == (7, 3)


def test_calls_in_progress_hold_minutes(now):
    organization = make.make_balances(now=now, card=make.make_card(included_minutes=10))
    number = make.make_number(organization=organization, valid_from=now)
    for _ in range(2):
        gate.admit(make.make_request(make.call_ref(number), at=now), now=now)

    report = reports.usage_this_cycle(organization, now=now)

    assert report.calls_open == 2
    assert report.minutes_held == 6
    assert report.minutes_admissible == 4
    assert report.minutes_remaining == 10


def test_days_left_are_begun_days_and_never_under_zero(now):
    organization = make.make_balances(now=now)
    end = Allowance.objects.get(organization=organization).cycle_ends_at

    def days_left(at: datetime) -> int:
        return reports.usage_this_cycle(organization, now=at).days_left

    assert days_left(end - timedelta(days=2)) == 2
    assert days_left(end - timedelta(days=2) + timedelta(seconds=1)) == 2
    assert days_left(end - timedelta(seconds=1)) == 1
    assert days_left(end) == 0
    assert days_left(end + timedelta(days=3)) == 0


def test_unpaid_cycle_cuts_off_whatever_its_card_says(now):
    card = make.make_card(
        when_exhausted="overage", overage_limit_minutes=50, grace_minutes=3
    )
    organization = make.make_balances(
        now=now, card=card, rolls_until=now + timedelta(days=1)
    )
    later = now + timedelta(days=32)
    cycles.roll_over(organization.id, now=later)

    report = reports.usage_this_cycle(organization, now=later)

    assert not report.is_paid
    assert report.when_exhausted == WhenExhausted.CUT_OFF
    assert (report.overage_limit_minutes, report.grace_minutes) == (None, 0)


def test_the_cycle_is_read_with_one_statement(now, django_assert_num_queries):
    organization = make.make_balances(now=now)
    talk(organization, at=now, seconds=60)

    with django_assert_num_queries(1):
        reports.usage_this_cycle(organization, now=now)


def test_month_counts_days_in_the_organizations_zone():
    """A call at 23:30 UTC on the last of January is one of February in Berlin."""
    at = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    organization = accounts.make_organization(timezone="Europe/Berlin", now=at)
    make.make_balances(now=at, organization=organization)
    talk(organization, at=at, seconds=61, cost="0.9")

    january = reports.month_totals(organization, month=date(2026, 1, 31))
    february = reports.month_totals(
        organization, month=reports.local_day(organization, now=at)
    )

    assert january.calls == 0
    assert (february.month, february.calls) == (date(2026, 2, 1), 1)
    assert (february.talk_seconds, february.billed_minutes) == (61, 2)


def test_month_shows_the_price_and_not_the_providers_cost(now):
    card = make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="0.10")
    organization = make.make_balances(now=now, card=card, wallet="20")
    talk(organization, at=now, seconds=60, cost="7.77")

    totals = reports.month_totals(organization, month=now.date())

    assert (totals.price, totals.currency) == (Decimal("0.10"), "USD")
    assert "cost" not in reports.MonthTotals.__dataclass_fields__
    assert "cost" not in reports.CallLine.__dataclass_fields__


def test_month_is_one_statement_that_leaves_out_its_neighbours(
    now, django_assert_num_queries
):
    organization = make.make_balances(now=now)
    for month in (1, 2, 3):
        talk(organization, at=datetime(2026, month, 28, tzinfo=UTC), seconds=60)

    with django_assert_num_queries(1):
        totals = reports.month_totals(organization, month=date(2026, 2, 14))

    assert totals.calls == 1


def test_december_ends_with_the_year(now):
    organization = make.make_balances(now=now)
    talk(organization, at=datetime(2026, 12, 31, tzinfo=UTC), seconds=60)
    talk(organization, at=datetime(2027, 1, 1, tzinfo=UTC), seconds=60)

    assert reports.month_totals(organization, month=date(2026, 12, 1)).calls == 1


def test_newest_calls_come_first_refused_ones_too(now, django_assert_num_queries):
    organization = make.make_balances(now=now, card=make.make_card(included_minutes=2))
    number = make.make_number(organization=organization, valid_from=now)
    talk(organization, at=now, seconds=100, number=number, direction="outbound")
    refused = make.call_ref(number)
    later = now + timedelta(minutes=5)
    gate.admit(make.make_request(refused, at=later), now=later)

    with django_assert_num_queries(1):
        newest, oldest = reports.recent_calls(organization)

    assert (newest.status, newest.refusal) == (Call.Status.REFUSED, "no_minutes")
    assert (newest.billed_minutes, newest.duration_seconds) == (0, None)
    assert (oldest.status, oldest.direction) == (Call.Status.COMPLETED, "outbound")
    assert (oldest.duration_seconds, oldest.billed_seconds) == (100, 120)
    assert oldest.agent_name == number.agent.name


def test_no_more_calls_than_asked_for_and_nobody_elses(now):
    organization, other = make.make_balances(now=now), make.make_balances(now=now)
    for minute in range(4):
        talk(organization, at=now + timedelta(minutes=minute), seconds=30)
    talk(other, at=now, seconds=30)

    assert len(reports.recent_calls(organization, limit=3)) == 3
    assert len(reports.recent_calls(organization, limit=10)) == 4
    assert len(reports.recent_calls(other)) == 1


def test_recent_calls_are_read_off_an_index_in_its_order(now):
    """However long the history: nothing is sorted, and ten calls cost ten rows."""
    organization = make.make_balances(now=now)

    with CaptureQueriesContext(connection) as asked, connection.cursor() as cursor:
        reports.recent_calls(organization)
        # Otherwise the planner rightly reads and sorts a table this small as a whole.
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("EXPLAIN " + asked.captured_queries[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "calls_newest_first" in plan
    assert "Sort" not in plan


def test_setup_counts_numbers_in_use_and_agents(now, django_assert_num_queries):
    organization = make.make_balances(now=now)
    make.make_number(organization=organization, valid_from=now)
    make.make_number(
        organization=organization, valid_from=now, valid_to=now + timedelta(days=1)
    )

    with django_assert_num_queries(1):
        setup = reports.setup_of(organization)

    assert (setup.numbers, setup.agents) == (1, 2)


def test_suspending_changes_no_number(now):
    organization = make.make_balances(now=now)
    before = reports.usage_this_cycle(organization, now=now)

    organizations.set_status(
        organization, status="suspended", reason="asked", actor="test", now=now
    )

    assert reports.usage_this_cycle(organization, now=now) == before
