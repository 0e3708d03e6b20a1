"""Shadow mode lets calls through that a rule refuses, writes the rule down, and says what
enforcing would have cut: minutes, charges and cost."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditEntry
from metering.balances import cycles, enforcing
from metering.calls import gate
from metering.models import Allowance, Decision, Hold
from metering.usage import let_through, record
from metering.usage.events import Use
from metering.verification.run import verify
from tests.crowd import Crowd
from tests.factories import metering as make
from tests.metering.story import Story, begin
from tests.usage import uses

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def watch(story: Story, to: str = "shadow") -> bool:
    return enforcing.switch(
        story.owner, to, reason="new here", actor="a test", now=story.now
    )


def watched(now, card=None, **balances) -> Story:
    story = begin(now, card, **balances)
    assert watch(story)
    return story


def seen(story: Story) -> let_through.Report:
    return let_through.report(story.owner.id, start=story.now - DAY, end=story.now + DAY)


def parts(story: Story) -> list[tuple[str, int, int]]:
    return [(part.rule, part.calls, part.minutes) for part in seen(story).parts]


def test_a_call_that_something_pays_for_is_held_and_not_cut(now):
    story = watched(now, make.make_card(included_minutes=10))

    ref, answer = story.ask()
    assert (answer.rule, answer.minutes, answer.seconds_max) == ("ok", 3, 835)
    assert not answer.would_refuse
    assert story.allowance.minutes_held == 3
    story.report(ref, 5 * 60, cost="0.50")

    assert story.call(ref).flags == []
    assert parts(story) == [("cut_short", 1, 2)]
    assert seen(story).cost_usd == Decimal("0.20")
    assert story.remaining == 5


@pytest.mark.parametrize(
    ("kind", "rule", "owed", "price"),
    [
        ("cut_off", "no_minutes", 2, 0),
        ("overage", "overage_limit", 0, "0.20"),
        ("wallet", "wallet_empty", 0, "0.20"),
        ("postpaid", "credit_limit", 0, "0.20"),
    ],
)
def test_what_is_let_through_is_charged_like_any_use(now, kind, rule, owed, price):
    terms = {"overage": {"overage_limit_minutes": 0}}.get(kind, {})
    if kind == "postpaid":
        terms = {"postpaid_limit_amount": Decimal(0)}
    story = watched(now, make.make_card(when_exhausted=kind, included_minutes=0, **terms))

    ref, answer = story.ask()
    assert (answer.admitted, answer.rule, answer.would_refuse) == (True, rule, True)
    story.report(ref, 120, cost="0.30")

    if owed:
        assert -story.remaining == owed
    assert story.call(ref).price == Decimal(price)
    if kind == "wallet":
        assert story.wallet == Decimal("-0.20")
    report = seen(story)
    assert parts(story) == [(rule, 1, 2)]
    assert (report.price, report.cost_usd) == (Decimal(price), Decimal("0.30"))
    assert (report.asked, report.calls, report.minutes) == (1, 1, 2)
    (one,) = let_through.newest_calls(story.owner.id, start=now - DAY, end=story.now + DAY)
    assert (one.call_id, one.rule, one.minutes) == (story.call(ref).id, rule, 2)


def test_who_owes_or_talks_on_too_many_lines_is_let_through(now):
    story = watched(now, make.make_card(calls_at_once_max=1))
    story.admitted()
    assert story.ask()[1].rule == "too_many_calls"
    cycles.set_standing(organization_id=story.owner.id, standing="past_due", now=now)
    _, answer = story.ask()
    assert (answer.admitted, answer.rule, answer.minutes) == (True, "past_due", 0)


def test_a_cap_that_the_customer_set_holds(now):
    """It was promised to them, whatever staff are trying out."""
    story = watched(
        now,
        make.make_card(
            when_exhausted="overage", included_minutes=0, overage_limit_minutes=9
        ),
    )
    cycles.set_overage_limit(organization_id=story.owner.id, minutes=2, now=now)

    ref, first = story.ask()
    _, second = story.ask()
    assert (first.minutes, first.seconds_max) == (2, 115)
    assert (second.admitted, second.rule) == (False, "overage_limit")

    story.report(ref, 60)
    cycles.set_standing(organization_id=story.owner.id, standing="past_due", now=now)
    _, third = story.ask()
    assert (third.rule, third.minutes, third.seconds_max) == ("past_due", 1, 55)
    assert third.would_refuse
    assert story.allowance.minutes_held == 1


def test_enforcing_counts_from_the_next_question_on(now):
    story = watched(now, make.make_card(included_minutes=0))
    ref, answer = story.ask()

    assert watch(story, "enforce")

    assert story.ask()[1].admitted is False
    again = gate.admit(make.make_request(ref, at=now), now=now)
    assert (again.admitted, again.would_refuse, again.is_replay) == (True, True, True)
    assert story.report(ref, 60).outcome == "charged"
    assert story.remaining == -1
    assert parts(story) == [("no_minutes", 1, 1)]


def test_a_switch_is_made_and_traced_once(now):
    story = watched(now)
    assert not watch(story)

    entry = AuditEntry.objects.get(action="enforcement.set")
    assert entry.detail == {"from": "enforce", "to": "shadow", "reason": "new here"}


def test_an_estimate_of_a_call_against_a_rule_leaves_clean_books(now):
    story = watched(now, make.make_card(included_minutes=0))
    ref = story.admitted()
    story.lose_report(ref)
    assert story.call(ref).status == "estimated"
    assert parts(story)[0][:2] == ("no_minutes", 1)


def test_a_call_that_never_asked_is_not_counted(now):
    story = watched(now, make.make_card(included_minutes=0))
    ref = make.call_ref(story.number)
    assert story.seen_running(ref) == "held_late"
    story.report(ref, 60)
    assert parts(story) == []


def test_other_usage_is_counted_until_it_is_voided(now):
    organization = uses.begin(now, when_exhausted="cut_off", included="1")
    enforcing.switch(organization, "shadow", reason="new", actor="a test", now=now)
    for key in ("one", "two"):
        uses.used(organization, Use("api_call", Decimal(3), key=key), now=now)
    record.void(organization, key="two", now=now)

    found = let_through.report(organization.pk, start=now - DAY, end=now + DAY).usage

    assert [(one.meter, one.quantity) for one in found] == [("api_call", Decimal(3))]


def test_the_database_admits_against_a_rule_in_shadow_mode_only(now):
    story = begin(now)
    with pytest.raises(IntegrityError, match="only_shadow_mode"), transaction.atomic():
        Decision.objects.create(
            organization=story.owner,
            provider="vapi",
            provider_call_id="forged",
            result="admitted",
            rule="no_minutes",
            would_refuse=True,
            inputs={"enforcement": "enforce"},
            created_at=now,
        )


def test_the_report_reads_an_index(now):
    story = watched(now)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            f"EXPLAIN SELECT * FROM ({let_through._CUT}) cut",
            [story.owner.id, now - DAY, now],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "decisions_in_shadow_mode" in plan


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_callers_race_the_switch_and_each_is_answered_by_one_of_the_two(now):
    story = begin(now, make.make_card(included_minutes=1, calls_at_once_max=99))
    with Crowd(9) as crowd:
        for number in range(6):
            to = "shadow" if number % 2 == 0 else "enforce"
            refs = [make.call_ref(story.number) for _ in range(9)]

            def act(thread: int, refs=refs, to=to) -> None:
                if thread == 4:
                    watch(story, to)
                else:
                    gate.admit(make.make_request(refs[thread], at=now), now=now)

            crowd.at_once(act)
            assert story.allowance.enforcement == to

    told = Counter(
        (row.inputs["enforcement"], row.rule, row.result) for row in Decision.objects.all()
    )
    assert sum(told.values()) == 48
    assert sum(count for said, count in told.items() if said[1] == "ok") == 1
    assert {said[2] for said in told if said[:2] == ("enforce", "no_minutes")} == {
        "refused"
    }
    assert {said[2] for said in told if said[:2] == ("shadow", "no_minutes")} == {
        "admitted"
    }
    assert sum(Hold.objects.values_list("minutes", flat=True)) == 1
    assert Allowance.objects.get().minutes_held == 1
    assert verify(now=now).findings == []
