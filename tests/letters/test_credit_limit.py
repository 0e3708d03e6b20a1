"""The credit limit of a pay-as-you-go plan: told at the usual shares before it is reached, and
when it is, once a cycle, with what helps."""

from decimal import Decimal

import pytest

from billing.letters import low_usage, minutes, posting
from billing.models import Letter
from metering.models import Notice
from metering.usage import record
from metering.verification.run import verify
from tests.factories import metering as make
from tests.metering.story import Story, begin

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(now) -> Story:
    """Ten minutes at 0.10 fit under the limit."""
    card = make.make_card(
        when_exhausted="postpaid", included_minutes=0, postpaid_limit_amount=Decimal(1)
    )
    return begin(now, card)


def _letters(story: Story) -> list[str]:
    low_usage.write_due(now=story.now)
    minutes.write_gone(now=story.now)
    posting.post_due(now=story.now)
    minutes.write_back(now=story.now)
    rows = Letter.objects.order_by("id")
    return [row.words["subject"].replace(story.owner.name, "X") for row in rows]


def test_the_limit_is_told_before_and_when_it_is_reached_and_calls_again_after_it(story):
    story.talk(60 * 5)
    assert _letters(story) == []
    story.talk(60 * 3)
    told = ["80 % of the credit limit of X are used"]
    assert _letters(story) == told == _letters(story)
    warning = Letter.objects.get().words
    assert ["Left", "USD 0.20"] in warning["figures"]
    assert (warning["button"], warning["tone"]) == ("Buy minutes", "warn")

    story.talk(60 * 2)
    assert story.ask()[1].admitted is False
    told += ["The credit limit of X is reached"]
    assert _letters(story) == told == _letters(story)
    gone = Letter.objects.latest("id").words
    assert gone["path"].startswith("/dashboard/billing?")
    notices = Notice.objects.order_by("created_at", "id")
    assert list(notices.values_list("kind", "percent_used", "is_gone")) == [
        ("postpaid_used", 80, False),
        ("postpaid_used", 100, True),
    ]

    story.next_month()
    told += ["Calls to X are answered again"]
    assert _letters(story) == told
    assert ["Left of the credit limit", "USD 1.00"] in Letter.objects.latest("id").words[
        "figures"
    ]
    story.talk(60 * 8)
    assert _letters(story)[len(told) :] == ["80 % of the credit limit of X are used"]
    assert verify(now=story.now).findings == []


def test_minutes_that_are_bought_at_the_limit_let_calls_through_and_their_end_is_told(
    story,
):
    story.talk(60 * 9)
    story.talk(60)
    assert len(_letters(story)) == 1
    story.buy(2)
    assert _letters(story)[1:] == ["Calls to X are answered again"]
    story.talk(60 * 2)
    assert story.ask()[1].admitted is False
    assert _letters(story)[2:] == ["The credit limit of X is reached"]


def test_other_meters_count_on_the_limit(now):
    card = make.make_card(
        when_exhausted="postpaid",
        included_minutes=0,
        postpaid_limit_amount=Decimal(1),
    )
    make.make_rate(card, unit_price="0.10")
    story = begin(now, card)
    record.record_api_call(story.owner, key="ten", calls=10, now=now)
    assert _letters(story) == ["The credit limit of X is reached"]
