"""What runs low is written once per threshold, cycle and refill, and once a day at most."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import settings_history
from billing.letters import low_usage, posting
from billing.models import Letter
from tests.crowd import Crowd
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.story import Story, begin

pytestmark = pytest.mark.django_db


def story_of(now, minutes=10, **balances) -> Story:
    return begin(now, make.make_card(included_minutes=minutes), **balances)


def thresholds(story: Story, *percents: int) -> None:
    settings_history.set_value(
        "low_usage_thresholds_percent",
        list(percents),
        organization=story.owner,
        actor="test",
        now=story.now,
    )
    story.wait(seconds=1)


def written() -> list[int]:
    return [int(one.threshold) for one in Letter.objects.order_by("id")]


def test_a_letter_goes_out_at_eighty_percent_and_says_what_is_left(now):
    story = story_of(now)
    story.talk(60 * 7)
    assert low_usage.write_due(now=story.now) == 0
    story.talk(60)
    assert low_usage.write_due(now=story.now) == 1
    assert posting.post_due(now=story.now) == 1

    letter = mail.outbox[0]
    assert letter.to == [story.owner.billing_email]
    assert letter.subject == f"2 minutes left for {story.owner.name}"
    html = letter.alternatives[0].content
    for part in (letter.body, html):
        assert "80 % of 10" in part
        assert "Buy minutes" in part
        assert f"/dashboard/billing?organization={story.owner.slug}" in part


def test_the_same_threshold_is_told_once_per_cycle(now):
    story = story_of(now)
    story.talk(60 * 8)
    for _ in range(3):
        low_usage.write_due(now=story.now)
        story.wait(days=1)
    assert written() == [80]
    story.next_month()
    story.talk(60 * 8)
    low_usage.write_due(now=story.now)
    assert written() == [80, 80]


def test_a_refill_arms_it_again(now):
    story = story_of(now)
    story.talk(60 * 8)
    low_usage.write_due(now=story.now)
    story.buy(10)
    story.wait(days=1)
    assert low_usage.write_due(now=story.now) == 0
    story.talk(60 * 8)
    assert low_usage.write_due(now=story.now) == 1


def test_of_several_thresholds_the_most_urgent_is_told_and_no_milder_one_after_it(now):
    story = story_of(now)
    thresholds(story, 50, 80, 90)
    story.talk(60 * 9)
    low_usage.write_due(now=story.now)
    assert written() == [90]
    story.adjust_used(-3)
    story.wait(days=1)
    low_usage.write_due(now=story.now)
    assert written() == [90]


def test_two_thresholds_on_one_day_are_one_letter_and_the_next_comes_a_day_later(now):
    story = story_of(now)
    thresholds(story, 50, 80)
    story.talk(60 * 5)
    low_usage.write_due(now=story.now)
    story.talk(60 * 3)
    assert low_usage.write_due(now=story.now) == 0
    story.wait(days=1)
    assert low_usage.write_due(now=story.now) == 1
    assert written() == [50, 80]


def test_refilled_before_the_run_there_is_no_letter(now):
    story = story_of(now)
    story.talk(60 * 9)
    story.buy(100)
    assert low_usage.write_due(now=story.now) == 0


def test_when_all_is_gone_this_is_not_the_letter(now):
    story = story_of(now)
    story.talk(60 * 10)
    assert low_usage.write_due(now=story.now) == 0


def test_a_wallet_is_judged_by_its_amount(now):
    card = make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="0.10")
    story = begin(now, card, wallet="10")
    settings_history.set_value(
        "low_wallet_thresholds",
        ["2", "5"],
        organization=story.owner,
        actor="test",
        now=story.now,
    )
    story.spend("4.99")
    assert low_usage.write_due(now=story.now) == 0
    story.spend("0.02")
    assert low_usage.write_due(now=story.now) == 1
    letter = Letter.objects.get()
    assert letter.threshold == Decimal(5)
    assert "USD 4.99" in letter.words["subject"]
    assert letter.words["button"] == "Add funds"


def test_closed_organizations_get_none(now):
    story = story_of(now)
    story.talk(60 * 9)
    story.owner.status = "closed"
    story.owner.save(update_fields=["status"])
    assert low_usage.write_due(now=story.now) == 0


def test_a_dry_run_says_who_and_writes_nothing(now):
    story = story_of(datetime.now(UTC))
    story.talk(60 * 9)
    out = StringIO()
    call_command("send_low_usage_emails", "--dry-run", "--json", stdout=out)
    said = json.loads(out.getvalue())["letters"]
    assert [(one["organization"], one["left"]) for one in said] == [
        (story.owner.slug, "1 minute")
    ]
    assert not Letter.objects.exists()
    assert mail.outbox == []


def test_the_command_writes_and_posts_and_does_nothing_the_second_time(now):
    story_of(datetime.now(UTC)).talk(60 * 9)
    outs = [StringIO(), StringIO()]
    for out in outs:
        call_command("send_low_usage_emails", stdout=out)
    assert "1 letters written, 1 posted" in outs[0].getvalue()
    assert "0 letters written, 0 posted" in outs[1].getvalue()
    assert len(mail.outbox) == 1


ZONES = {
    "Africa/Lagos": datetime(2026, 3, 28, 12, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 7, 12, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 3, 28, 12, tzinfo=UTC),
    "Pacific/Auckland": datetime(2026, 4, 4, 0, tzinfo=UTC),
}
AUTUMN = {
    "America/New_York": datetime(2026, 10, 31, 12, tzinfo=UTC),
    "Pacific/Auckland": datetime(2026, 9, 25, 22, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("zone", "begins"), [*ZONES.items(), *AUTUMN.items()], ids=lambda one: str(one)[:16]
)
def test_an_hourly_clock_writes_one_letter_per_local_day_by_daytime(zone, begins):
    owner = accounts.make_organization(timezone=zone, now=begins)
    make.make_balances(
        organization=owner, card=make.make_card(included_minutes=10_000), now=begins
    )
    story = Story(owner, make.make_number(organization=owner, valid_from=begins), begins)
    thresholds(story, *range(10, 100, 10))
    local_days = set()
    # Every hour of four days, over the change of clocks; a new threshold each eight hours.
    for hour in range(96):
        story.now = begins + timedelta(hours=hour, minutes=30)
        if hour % 8 == 0 and hour < 72:
            story.adjust_used(1000)
        if low_usage.write_due(now=story.now, by_daytime=True):
            local = story.now.astimezone(ZoneInfo(zone))
            assert 9 <= local.hour < 20
            assert local.date() not in local_days
            local_days.add(local.date())
    assert 3 <= len(local_days) <= 5
    days = list(Letter.objects.values_list("local_day", flat=True))
    assert len(days) == len(set(days)) == len(local_days)


def test_looking_through_many_takes_a_fixed_number_of_statements(now):
    card = make.make_card(included_minutes=10)
    for _ in range(3):
        begin(now, card)
    with CaptureQueriesContext(connection) as few:
        low_usage.write_due(now=now)
    for _ in range(5):
        begin(now, card)
    with CaptureQueriesContext(connection) as many:
        low_usage.write_due(now=now)
    assert len(few) == len(many) == 3


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_eight_clocks_at_once_write_one_letter(now):
    story = story_of(now)
    story.talk(60 * 9)
    with Crowd(8) as crowd:
        outcomes = crowd.at_once(lambda thread: low_usage.write_due(now=story.now))
    assert sum(outcomes) == 1
    with Crowd(8) as crowd:
        outcomes = crowd.at_once(lambda thread: posting.post_due(now=story.now))
    assert sum(outcomes) == len(mail.outbox) == 1
