"""What runs low is told once per threshold and cycle, in the transaction that crossed it."""

from decimal import Decimal

import pytest

from accounts import settings_history
from metering.balances import adjustments, ledger
from metering.models import Notice, WebhookDelivery
from metering.notices.levels import Level, Thresholds, crossed
from metering.outgoing import endpoints
from tests.factories import metering as make
from tests.metering.story import begin as begin_story
from tests.usage.uses import begin, use, used

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, Decimal]]:
    return list(Notice.objects.order_by("id").values_list("kind", "threshold"))


def test_eighty_percent_is_told_once(now):
    story = begin_story(now, make.make_card(included_minutes=10))
    story.talk(60 * 7)
    assert told() == []
    story.talk(60)
    story.talk(60)

    assert told() == [("percent_used", 80)]
    notice = Notice.objects.get()
    assert (notice.minutes_left, notice.percent_used, notice.is_gone) == (2, 80, False)


def test_only_the_most_urgent_of_several_is_told(now):
    story = begin_story(now, make.make_card(included_minutes=4))
    story.talk(60 * 4)

    assert told() == [("percent_used", 100)]
    assert Notice.objects.get().is_gone


def test_a_refill_arms_the_threshold_again(now):
    story = begin_story(now, make.make_card(included_minutes=10))
    story.talk(60 * 8)
    story.buy(10)
    assert len(told()) == 1
    story.talk(60 * 8)

    assert told() == [("percent_used", 80), ("percent_used", 80)]


def test_a_new_month_arms_it_again(now):
    story = begin_story(now, make.make_card(included_minutes=10))
    story.talk(60 * 8)
    story.next_month()
    story.talk(60 * 8)

    assert len(told()) == 2


def test_amounts_and_minutes_that_the_organization_chose(now):
    organization = begin(now, wallet="1", unit_price="0.10")
    settings_history.set_value(
        "low_wallet_thresholds", ["0.50"], organization=organization, actor="test", now=now
    )

    used(organization, use("4"), use("2"), now=now)
    used(organization, use("4"), now=now)

    assert told() == [("wallet_left", Decimal("0.5")), ("wallet_left", 0)]
    ledger.move_money(
        organization_id=organization.id,
        amount=Decimal(1),
        kind="top_up",
        reference="t",
        now=now,
    )
    used(organization, use("6"), now=now)
    assert len(told()) == 3


def test_minutes_that_are_taken_away_are_told_like_used_ones(now):
    story = begin_story(now, make.make_card(included_minutes=0))
    story.buy(100)
    story.talk(60 * 10)
    story.adjust_credit(-60)
    assert told() == []
    story.adjust_credit(-10)
    assert told() == []
    story.adjust_credit(-18)

    assert told() == [("percent_used", 80)]
    notice = Notice.objects.get()
    assert (notice.minutes_pool, notice.minutes_left) == (12, 2)


@pytest.mark.parametrize(("talked", "taken"), [(0, 10), (5, 15)])
def test_what_leaves_nothing_says_that_all_is_gone(now, talked, taken):
    story = begin_story(now, make.make_card(included_minutes=0))
    story.buy(10)
    for _ in range(talked):
        story.talk(60)
    story.buy(-taken, kind="adjustment")

    notice = Notice.objects.get()
    assert (notice.kind, notice.threshold, notice.is_gone) == ("minutes_left", 0, True)
    assert (notice.minutes_pool, notice.minutes_left) == (0, 0)


def test_an_adjustment_that_counts_minutes_is_told_and_one_that_gives_back_arms_again(now):
    story = begin_story(now, make.make_card(included_minutes=100))
    story.adjust_used(79)
    assert told() == []
    story.adjust_used(2)
    assert told() == [("percent_used", 80)]

    story.adjust_used(-20)
    story.adjust_used(1)
    assert len(told()) == 1
    story.adjust_used(20)
    assert told() == [("percent_used", 80), ("percent_used", 80)]
    story.adjust_used(1)
    assert len(told()) == 2


def test_bought_minutes_that_go_back_leave_the_threshold_armed(now):
    story = begin_story(now, make.make_card(included_minutes=100))
    story.adjust_used(85)
    story.buy(100)
    story.buy(-100, kind="adjustment")

    assert told() == [("percent_used", 80), ("percent_used", 80)]


def test_who_withdraws_an_adjustment_withdraws_its_notice(now, owner):
    story = begin_story(now, make.make_card(included_minutes=100))
    adjustments.adjust(
        "minutes_used",
        100,
        organization=story.owner,
        reason="Only to see",
        actor=owner,
        now=story.now,
        dry_run=True,
    )
    assert told() == []


def level(left: int = 100, wallet: str = "0", *, pays_from_wallet: bool = False) -> Level:
    return Level(100, left, 100 - left, Decimal(wallet), pays_from_wallet)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (level(21), level(20), ("percent_used", 80, False)),
        (level(20), level(19), None),
        (level(30), level(9), ("minutes_left", 10, False)),
        (level(30), level(0), ("percent_used", 100, True)),
        (
            level(10, "9", pays_from_wallet=True),
            level(0, "4", pays_from_wallet=True),
            ("wallet_left", 5, False),
        ),
        (
            level(0, "4", pays_from_wallet=True),
            level(0, "0", pays_from_wallet=True),
            ("wallet_left", 0, True),
        ),
    ],
)
def test_the_most_urgent_threshold_between_two_levels(before, after, expected):
    thresholds = Thresholds(
        percents=(Decimal(50), Decimal(80)), minutes=(Decimal(10),), wallet=(Decimal(5),)
    )

    found = crossed(before, after, thresholds)

    assert (found and (found.kind, found.threshold, found.is_gone)) == expected


def test_whoever_listens_is_told_in_the_same_transaction(now):
    story = begin_story(now, make.make_card(included_minutes=2))
    endpoints.add(
        story.owner,
        url="https://hooks.example.com/",
        kinds=["minutes.gone", "call.refused"],
        actor="test",
        now=now,
    )
    story.talk(60 * 2)
    story.ask()

    sent = WebhookDelivery.objects.order_by("occurred_at", "kind")
    assert {one.kind for one in sent} == {"minutes.gone", "call.refused"}
    assert {one.data.get("reason") for one in sent} == {None, "no_minutes"}


def test_nothing_is_written_where_nobody_listens(now):
    story = begin_story(now, make.make_card(included_minutes=1))
    story.talk(60)
    story.wait(hours=1)
    story.ask()

    assert not WebhookDelivery.objects.exists()
