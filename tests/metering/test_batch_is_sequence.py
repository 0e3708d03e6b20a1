"""The same reports settled in one batch, or one after the other, leave the same rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.calls.settle import settle
from tests.factories import metering as make
from tests.length import IS_LONG
from tests.metering.conftest import NOW
from tests.metering.story import Story, begin

pytestmark = pytest.mark.django_db

QUICK = settings(
    max_examples=100 if IS_LONG else 15,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# Of each table, what does not depend on when and by whom a row was written.
ROWS = {
    "allowances": "minutes_used_this_cycle, credit_minutes, minutes_paid_otherwise,"
    " minutes_ceiling, minutes_held, plan_minutes, cycle_ends_at",
    "billing_cycles": "starts_at, state, included_minutes, minutes_used, overage_minutes,"
    " credit_taken_minutes, debt_repaid_minutes, minutes_held",
    "cycle_charges": "rate_card_id, minutes, seconds, amount",
    "calls": "split_part(provider_call_id, ' ', 2), status, revision, billed_minutes,"
    " minutes_from_plan, minutes_from_credit, minutes_charged, seconds_charged, price,"
    " rate_card_id, flags, duration_seconds",
    "holds": "split_part(reference, ' ', 2), state, minutes",
    "minute_transactions": "split_part(reference, ' ', 2), kind, used_change, credit_change,"
    " charged_change, amount, used_after, credit_after",
    "wallet_transactions": "split_part(reference, ' ', 2), kind, amount, balance_after",
    "overage_charges": "split_part(reference, ' ', 2), minutes, amount",
    "usage_events": "split_part(idempotency_key, ' ', 2), quantity, total",
    "daily_usage": "day, count, quantity, talk_seconds, hours, price",
}
# Ledgers keep their order; of the rest only the rows matter.
IN_ORDER = ("minute_transactions", "wallet_transactions")

reports = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.one_of(st.none(), st.integers(0, 500)),
        st.sampled_from([0, 0, 0, 20, 40]),
    ),
    min_size=2,
    max_size=14,
)


def rows_of(story: Story) -> dict[str, list[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for table, columns in ROWS.items():
            order = "ORDER BY id" if table in IN_ORDER else ""
            cursor.execute(
                f"SELECT {columns} FROM {table} WHERE organization_id = %s {order}",
                [story.owner.id],
            )
            rows = [repr(row) for row in cursor.fetchall()]
            found[table] = rows if table in IN_ORDER else sorted(rows)
    return found


def told(story: Story, name: str, cards: list, reports: list) -> list:
    """Calls 0 to 3 asked, 0 to 1 under the first card; then the reports come."""
    for number in range(4):
        if number == 2:
            story.change_card(cards[1])
        story.ask(call_id=f"{name} {number}")
    story.wait(days=45)
    return [
        make.make_report(
            make.call_ref(story.number, call_id=f"{name} {call}"),
            started_at=story.now - timedelta(days=days_ago, minutes=20),
            seconds=seconds,
        )
        for call, seconds, days_ago in reports
    ]


@QUICK
@given(
    rules=st.lists(
        st.sampled_from(["cut_off", "overage", "wallet", "postpaid"]),
        min_size=2,
        max_size=2,
    ),
    reports=reports,
)
def test_a_batch_is_its_reports_one_after_the_other(rules, reports):
    undo = transaction.savepoint()
    cards = [
        make.make_card(
            when_exhausted=rule,
            included_minutes=6,
            tiers=[(2, "0.3"), (None, "0.17")],
            increments=(60, 60) if rule == "overage" else (1, 1),
        )
        for rule in rules
    ]
    together = begin(NOW, cards[0], credit_minutes=4, wallet="2")
    apart = begin(NOW, cards[0], credit_minutes=4, wallet="2")
    batch = told(together, "together", cards, reports)
    outcomes = [each.outcome for each in settle(batch, now=together.now)]
    for report, outcome in zip(told(apart, "apart", cards, reports), outcomes, strict=True):
        (alone,) = settle([report], now=apart.now)
        assert alone.outcome == outcome
    found, expected = rows_of(together), rows_of(apart)
    transaction.savepoint_rollback(undo)
    assert found == expected
