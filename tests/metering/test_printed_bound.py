"""The promise: calls that asked, and ended when they were told to, overspend nothing.

Not minutes past plan, credit and grace; not money past the wallet; no overage past its
limit. What is outside of it is named: calls that never asked, that ran on past their cap,
refunds and disputes, and two changes of card during one call.
"""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metering.balances import ledger
from metering.models import Hold
from metering.rating import CAP_SLACK_SECONDS, LATE_END_SECONDS
from tests.factories import metering as make
from tests.length import IS_LONG
from tests.metering.conftest import NOW
from tests.metering.story import Story, begin

pytestmark = pytest.mark.django_db

QUICK = settings(
    max_examples=100 if IS_LONG else 12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TIERS = [(2, "0.31"), (5, "0.05"), (None, "0.77")]

acts = st.lists(
    st.one_of(
        st.just(("ask", 0)),
        st.just(("ask", 0)),
        st.tuples(st.just("end"), st.integers(0, 20)),
        st.tuples(st.just("end at the cap"), st.integers(0, 20)),
        st.tuples(st.just("buy"), st.integers(1, 5)),
        st.tuples(st.just("top up"), st.integers(1, 90)),
        st.tuples(st.just("spend"), st.integers(1, 90)),
        st.tuples(st.just("month"), st.just(0)),
        st.tuples(st.just("card"), st.just(0)),
    ),
    min_size=10,
    max_size=35,
)


def cards(rule: str):
    increments = (60, 60) if rule == "overage" else (1, 1)
    return [
        make.make_card(
            when_exhausted=rule,
            included_minutes=included,
            tiers=tiers,
            increments=increments,
            grace_minutes=2 if rule == "cut_off" else 0,
            overage_limit_minutes=6,
        )
        for included, tiers in ((4, TIERS), (2, [(None, "0.4")]))
    ]


def act(story: Story, name: str, value: int, rows: list, running: list) -> None:
    match name:
        case "ask":
            ref, answer = story.ask()
            if answer.admitted:
                running.append((ref, answer, story.now))
        case "end" | "end at the cap" if running:
            ref, answer, started_at = running.pop(value % len(running))
            talked = answer.seconds_max * value // 20
            if name == "end at the cap":
                talked = answer.seconds_max + CAP_SLACK_SECONDS + LATE_END_SECONDS
            story.report(ref, talked, started_at=started_at)
        case "buy":
            story.buy(value)
        case "top up":
            story.top_up(str(Decimal(value) / 100))
        case "spend":
            spend(story, Decimal(value) / 100)
        case "month":
            story.wait(days=31)
        case "card":
            change_once_per_call(story, rows)


def spend(story: Story, amount: Decimal) -> None:
    try:
        with transaction.atomic():
            story.spend(str(amount))
    except ledger.NotAvailable:
        return


def change_once_per_call(story: Story, rows: list) -> None:
    live = story.allowance.rate_card_id
    open_holds = Hold.objects.filter(organization=story.owner, state="open")
    if not open_holds.exclude(rate_card_id=live).exists():
        story.change_card(next(card for card in rows if card.id != live))


@pytest.mark.parametrize("rule", ["cut_off", "overage", "wallet"])
@QUICK
@given(acts=acts)
def test_what_was_admitted_is_never_more_than_what_can_pay(rule, acts):
    undo = transaction.savepoint()
    rows = cards(rule)
    story = begin(NOW, rows[0], credit_minutes=3, wallet="1.50")
    running: list = []
    for name, value in acts:
        story.wait(seconds=1)
        act(story, name, value, rows, running)
        if rule == "cut_off":
            assert story.remaining >= -2
        elif rule == "wallet":
            assert story.wallet >= 0
        else:
            assert all(month.overage_minutes <= 6 for month in story.months)
    transaction.savepoint_rollback(undo)
