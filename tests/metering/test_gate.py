"""May this call connect? Each rule, on both sides of its boundary."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from metering.balances import cycles
from metering.calls import gate
from metering.models import Call, Decision, Hold, PhoneNumber
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_an_admitted_call_holds_minutes_and_is_told_its_length(now):
    story = begin(now, make.make_card(included_minutes=100))
    ref, answer = story.ask()
    assert (answer.admitted, answer.rule) == (True, "ok")
    assert (answer.minutes, answer.seconds_max) == (14, 835)
    assert answer.organization_id == story.owner.id
    assert answer.assistant_id == story.number.agent.provider_assistant_id
    hold = story.hold(ref)
    assert (hold.id, hold.state, hold.minutes) == (answer.hold_id, "open", 14)
    assert hold.expires_at == now + timedelta(seconds=835, minutes=15)
    assert story.allowance.minutes_held == 14
    call = story.call(ref)
    assert (call.status, call.is_unadmitted) == ("active", False)
    assert (call.call_from, call.call_to) == ("+15550100", story.number.e164)


def test_the_decision_says_what_it_was_made_on(now):
    story = begin(now, make.make_card(included_minutes=3), credit_minutes=2)
    story.ask()
    decision = Decision.objects.get()
    assert (decision.result, decision.rule, decision.minutes) == ("admitted", "ok", 3)
    assert decision.inputs["minutes_ceiling"] == 5
    assert decision.inputs["minutes_held"] == 0
    assert decision.inputs["credit_minutes"] == 2


def test_call_is_refused_when_minutes_are_gone(now):
    story = begin(now, make.make_card(included_minutes=3))
    story.talk(180)
    ref, answer = story.ask()
    assert (answer.admitted, answer.rule, answer.hold_id) == (False, "no_minutes", None)
    assert story.call(ref).status == "refused"
    assert story.call(ref).refusal == "no_minutes"
    assert not Hold.objects.filter(state="open").exists()
    assert Decision.objects.get(result="refused").rule == "no_minutes"


def test_the_last_minute_is_granted_and_then_none(now):
    story = begin(now, make.make_card(included_minutes=1))
    assert story.ask()[1].minutes == 1
    assert story.ask()[1].rule == "no_minutes"


@pytest.mark.parametrize(
    ("rule", "terms", "refusal"),
    [
        ("cut_off", {}, "no_minutes"),
        ("overage", {"overage_limit_minutes": 2}, "overage_limit"),
        ("wallet", {}, "wallet_empty"),
        ("postpaid", {"postpaid_limit_amount": Decimal("0.20")}, "credit_limit"),
    ],
)
def test_each_rule_has_its_end_and_its_own_words(now, rule, terms, refusal):
    card = make.make_card(when_exhausted=rule, included_minutes=1, **terms)
    story = begin(now, card, wallet="0.20")
    beyond = 0 if rule == "cut_off" else 2
    granted = []
    while (answer := story.ask()[1]).admitted:
        granted.append(answer.minutes)
    assert sum(granted) == 1 + beyond
    assert answer.rule == refusal


def test_grace_minutes_are_a_loan(now):
    story = begin(now, make.make_card(included_minutes=1, grace_minutes=2))
    ref, answer = story.ask()
    assert answer.minutes == 3
    story.report(ref, 180)
    assert story.remaining == -2
    assert story.ask()[1].rule == "no_minutes"
    story.next_month()
    assert story.allowance.credit_minutes == -2


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_organization_that_staff_stopped_is_refused_even_in_shadow_mode(now, status):
    story = begin(now)
    story.owner.status = status
    story.owner.save()
    assert story.ask()[1].rule == status
    cycles.set_enforcement(organization_id=story.owner.id, enforcement="shadow", now=now)
    assert story.ask()[1].rule == status


@pytest.mark.parametrize(
    ("standing", "rule"),
    [("good", "ok"), ("grace", "ok"), ("no_plan", "ok"), ("past_due", "past_due")],
)
def test_standing_refuses_only_what_is_past_due(now, standing, rule):
    story = begin(now, standing=standing)
    assert story.ask()[1].rule == rule


def test_without_a_plan_bought_minutes_work_until_they_are_gone(now):
    card = make.make_card(included_minutes=0)
    story = begin(now, card, standing="no_plan", credit_minutes=3)
    ref, answer = story.ask()
    assert answer.minutes == 3
    story.report(ref, 180)
    assert story.ask()[1].rule == "no_plan"


def test_calls_at_once_have_a_limit(now):
    story = begin(now, make.make_card(calls_at_once_max=2))
    first = story.admitted()
    story.admitted()
    assert story.ask()[1].rule == "too_many_calls"
    story.report(first, 10)
    assert story.ask()[1].admitted


def test_holds_of_other_meters_are_not_calls_at_once(now):
    """A backend that held minutes by the API used up the lines of the telephone."""
    story = begin(now, make.make_card(calls_at_once_max=1))
    ref = story.admitted()
    Hold.objects.filter(id=story.hold(ref).id).update(kind="usage")
    assert story.ask()[1].admitted
    Hold.objects.update(kind="call")


def test_shadow_mode_lets_through_what_would_be_refused_and_says_so(now):
    story = begin(now, make.make_card(included_minutes=0))
    cycles.set_enforcement(organization_id=story.owner.id, enforcement="shadow", now=now)
    ref, answer = story.ask()
    assert (answer.admitted, answer.would_refuse) == (True, True)
    assert (answer.rule, answer.minutes, answer.seconds_max) == ("no_minutes", 0, 835)
    assert story.allowance.minutes_held == 0
    story.report(ref, 14 * 60 + 30)
    assert story.call(ref).billed_minutes == 14
    assert story.remaining == -14
    decision = Decision.objects.get()
    assert (decision.result, decision.would_refuse) == ("admitted", True)


# Whose call it is


def test_a_number_that_nobody_owns_is_refused_and_written_down(now):
    answer = gate.admit(
        make.make_request(make.call_ref(number_id="nobody's"), at=now), now=now
    )
    assert (answer.admitted, answer.rule) == (False, "unknown_number")
    decision = Decision.objects.get()
    assert decision.organization is None
    assert decision.inputs["number_id"] == "nobody's"
    assert not Call.objects.exists()


def test_a_number_without_an_agent_is_not_in_service_yet(now):
    story = begin(now)
    PhoneNumber.objects.update(agent=None)
    assert story.ask()[1].rule == "not_configured"


def test_an_organization_without_balances_is_refused(now):
    owner = accounts.make_organization(now=now)
    number = make.make_number(organization=owner, valid_from=now)
    answer = gate.admit(make.make_request(make.call_ref(number), at=now), now=now)
    assert (answer.admitted, answer.rule) == (False, "no_minutes")


def test_a_number_belongs_to_whoever_has_it_at_that_moment(now):
    old, new = begin(now), begin(now)
    PhoneNumber.objects.filter(id=old.number.id).update(valid_to=now + DAY)
    PhoneNumber.objects.filter(id=new.number.id).update(
        provider_number_id=old.number.provider_number_id, valid_from=now + DAY
    )
    for at, owner in ((DAY - timedelta(seconds=1), old), (DAY, new)):
        ref = make.call_ref(old.number)
        answer = gate.admit(make.make_request(ref, at=now + at), now=now + at)
        assert answer.organization_id == owner.owner.id


def test_a_call_stays_with_whom_it_asked_though_the_number_moves_meanwhile(now):
    old, new = begin(now), begin(now)
    running = old.admitted()
    cycles.set_standing(organization_id=old.owner.id, standing="past_due", now=now)
    refused = old.ask()[0]
    PhoneNumber.objects.filter(id=old.number.id).update(valid_to=now + DAY)
    PhoneNumber.objects.filter(id=new.number.id).update(
        provider_number_id=old.number.provider_number_id, valid_from=now + DAY
    )
    later = now + 2 * DAY
    for ref in (running, refused):
        old.now = later
        assert old.report(ref, 120).organization_id == old.owner.id
    assert old.allowance.minutes_used_this_cycle == 4
    assert new.allowance.minutes_used_this_cycle == 0


def test_one_organization_takes_nothing_of_another(now):
    rich, poor = begin(now), begin(now, make.make_card(included_minutes=0))
    rich.admitted()
    rich.talk(60)
    assert poor.ask()[1].rule == "no_minutes"
    assert poor.allowance.minutes_held == poor.allowance.minutes_used_this_cycle == 0


# The same call again


def test_the_same_question_gets_the_same_answer_after_the_call_has_ended(now):
    story = begin(now, make.make_card(included_minutes=3))
    ref, first = story.ask()
    story.report(ref, 180)
    _, again = story.ask(call_id=ref.call_id)
    assert again.is_replay
    assert (again.hold_id, again.seconds_max) == (first.hold_id, first.seconds_max)
    assert story.allowance.minutes_held == 0
    assert Hold.objects.count() == 1


def test_a_refusal_stands_though_minutes_came_meanwhile(now):
    story = begin(now, make.make_card(included_minutes=0))
    ref, _ = story.ask()
    story.buy(10)
    _, again = story.ask(call_id=ref.call_id)
    assert (again.is_replay, again.rule) == (True, "no_minutes")
    assert story.ask()[1].admitted


def test_a_call_whose_report_came_first_is_not_held(now):
    """It was held, nothing ever settled that hold, and its minutes were gone for good."""
    story = begin(now)
    ref = story.talk_unasked(60)
    _, answer = story.ask(call_id=ref.call_id)
    assert (answer.admitted, answer.rule) == (False, "already_ended")
    assert story.allowance.minutes_held == 0


# What survives a crash


@pytest.mark.django_db(transaction=True)
def test_the_gate_commits_late_only_when_nothing_else_is_in_its_transaction(now):
    """Whatever was written in the same transaction, a message that had been acknowledged,
    could be lost with it when the database crashed."""

    def after(*, begin_with) -> str:
        with begin_with, connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            story.admitted()
            cursor.execute("SHOW synchronous_commit")
            return cursor.fetchone()[0]

    @contextmanager
    def nothing_else() -> Iterator[None]:
        """A transaction that only the database knows of, to look into the gate's own."""
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            yield
            cursor.execute("COMMIT")

    story = begin(now)
    assert after(begin_with=transaction.atomic()) == "on"
    assert after(begin_with=nothing_else()) == "off"
