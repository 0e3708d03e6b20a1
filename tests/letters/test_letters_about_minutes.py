"""All gone, and back again: one letter each, and none that is no longer true."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts import settings_history
from billing.letters import minutes, posting
from billing.models import Letter
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db


def look(story) -> list[str]:
    minutes.write_gone(now=story.now)
    minutes.write_back(now=story.now)
    return list(Letter.objects.order_by("id").values_list("kind", flat=True))


def run_dry(now, **terms):
    story = begin(now, make.make_card(included_minutes=5, **terms))
    story.talk(60 * 5)
    return story


def test_gone_is_told_once_then_back_once(now):
    story = run_dry(now)
    for _ in range(3):
        assert look(story) == ["minutes_gone"]
        posting.post_due(now=story.now)
        story.wait(minutes=1)
    story.buy(10)
    for _ in range(3):
        assert look(story) == ["minutes_gone", "back_in_service"]
    posting.post_due(now=story.now)
    assert [letter.subject for letter in mail.outbox] == [
        f"{story.owner.name} has no minutes left",
        f"Calls to {story.owner.name} are answered again",
    ]


def test_refilled_before_the_run_nothing_is_written(now):
    story = run_dry(now)
    story.buy(10)
    assert look(story) == []


def test_gone_refilled_and_gone_again_before_the_run_is_one_letter(now):
    story = run_dry(now)
    story.buy(5)
    story.wait(seconds=1)
    story.talk(60 * 5)
    assert look(story) == ["minutes_gone"]
    story.wait(minutes=1)
    assert look(story) == ["minutes_gone"]


def test_a_letter_that_became_untrue_while_no_server_answered_is_withdrawn(now):
    story = run_dry(now)
    look(story)
    story.buy(10)
    assert look(story) == ["minutes_gone"]
    assert posting.post_due(now=story.now) == 0
    assert mail.outbox == []


def test_where_overage_pays_calls_are_not_said_to_be_refused(now):
    story = run_dry(now, when_exhausted="overage")
    assert look(story) == ["minutes_gone"]
    letter = Letter.objects.get()
    assert "charged as overage" in letter.words["paragraphs"][0]
    posting.post_due(now=story.now)
    story.buy(10)
    assert look(story) == ["minutes_gone"]


def test_back_in_service_can_be_turned_off(now):
    story = run_dry(now)
    settings_history.set_value(
        "back_in_service_letters", False, organization=story.owner, actor="test", now=now
    )
    look(story)
    posting.post_due(now=story.now)
    story.buy(10)
    assert look(story) == ["minutes_gone"]


def test_what_is_older_than_two_days_is_not_told(now):
    story = run_dry(now)
    story.now += timedelta(days=2, seconds=1)
    assert look(story) == []
