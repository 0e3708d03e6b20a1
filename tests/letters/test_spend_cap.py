"""The cap on overage: calls end at it, it is told, and raising it lets calls through."""

from decimal import Decimal

import pytest

from billing.letters import minutes
from billing.models import Letter
from metering.balances import cycles, spend_cap
from metering.calls import gate, refusals
from metering.models import CycleCharge, Decision, Notice
from metering.verification.run import verify
from tests.crowd import Crowd
from tests.factories import metering as make
from tests.metering.story import Story, begin

pytestmark = pytest.mark.django_db
CAP = 6


def _begin(now, *, cap: int | None = CAP, limit: int = 20) -> Story:
    card = make.make_card(
        when_exhausted="overage", included_minutes=5, overage_limit_minutes=limit
    )
    story = begin(now, card)
    spend_cap.set_cap(story.owner, minutes=cap, actor="test", now=now)
    return story


def _letters(story: Story) -> list[str]:
    minutes.write_gone(now=story.now)
    minutes.write_back(now=story.now)
    rows = Letter.objects.order_by("id")
    return [row.words["subject"].replace(story.owner.name, "X") for row in rows]


def _heard(story: Story) -> str:
    return refusals.text("overage_limit", organization_id=story.owner.pk, now=story.now)


def test_calls_end_at_the_cap_in_words_it_is_told_and_a_higher_one_lets_them_through(now):
    story = _begin(now)
    story.talk(60 * 5)
    ref = story.admitted()
    assert story.answers[ref.call_id].minutes <= CAP
    story.report(ref, 60 * 3)
    assert "The included minutes of X are used up" in _letters(story)
    story.talk(60 * 3)
    refused = story.ask()[1]
    assert (refused.admitted, refused.rule) == (False, "overage_limit")
    assert _heard(story).startswith("We are sorry")
    assert Decision.objects.filter(rule="overage_limit").count() == 1
    assert story.overage()[0] == CAP

    notice = Notice.objects.latest("created_at", "id")
    assert (notice.kind, notice.is_gone) == ("overage_left", True)
    assert _letters(story)[-1] == "The overage limit of X is reached"
    assert len(_letters(story)) == len(_letters(story))

    spend_cap.set_cap(story.owner, minutes=8, actor="test", now=story.now)
    assert story.ask()[1].admitted
    assert verify(now=story.now).findings == []


def test_a_cap_that_is_raised_and_reached_again_is_told_again(now):
    story = _begin(now, cap=2)
    story.talk(60 * 5)
    story.talk(60 * 2)
    spend_cap.set_cap(story.owner, minutes=3, actor="test", now=story.now)
    story.talk(60)
    kinds = Notice.objects.filter(kind="overage_left").values_list("refill", flat=True)
    assert len(set(kinds)) == 2


def test_a_cap_that_is_set_below_what_is_used_is_told_and_refuses_at_once(now):
    story = _begin(now, cap=None)
    story.talk(60 * 5)
    story.talk(60 * 4)
    spend_cap.set_cap(story.owner, minutes=3, actor="test", now=story.now)
    assert Notice.objects.filter(kind="overage_left").count() == 1
    assert story.ask()[1].rule == "overage_limit"
    assert story.overage()[0] == 4


def test_a_call_that_runs_past_what_it_was_granted_is_charged_and_nothing_more_is(now):
    """What was said is charged; no further call is let through."""
    story = _begin(now)
    story.talk(60 * 5)
    ref = story.admitted()
    story.report(ref, 60 * 9)
    assert story.overage() == (9, Decimal("0.9"))
    assert story.ask()[1].rule == "overage_limit"
    assert Notice.objects.filter(kind="overage_left").count() == 1
    assert verify(now=story.now).findings == []


def test_an_organization_words_the_refusal_at_the_cap_itself(now):
    story = _begin(now, cap=0)
    words = {"rule": "overage_limit", "words": "Please write to us."}
    refusals.word(story.owner, **words, actor="test", now=now)
    story.talk(60 * 5)
    assert story.ask()[1].rule == "overage_limit"
    assert _heard(story) == "Please write to us."


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_calls_at_once_hold_no_more_than_the_cap_between_them(now):
    story = _begin(now)
    story.talk(60 * 5)
    with Crowd(12) as crowd:
        refs = [make.call_ref(story.number) for _ in range(12)]

        def ask(thread: int) -> int:
            answer = gate.admit(make.make_request(refs[thread], at=now), now=now)
            return answer.minutes if answer.admitted else 0

        granted = crowd.at_once(ask)
    assert sum(granted) == CAP
    for ref, minutes_granted in zip(refs, granted, strict=True):
        if minutes_granted:
            story.report(ref, 60 * minutes_granted)
    assert story.overage()[0] == CAP
    assert CycleCharge.objects.get().minutes == CAP
    cycles.roll_over(story.owner.id, now=story.now)
    assert verify(now=story.now).findings == []
