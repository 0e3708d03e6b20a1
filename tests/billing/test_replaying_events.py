"""Events of payment providers are processed again by a command, or by staff who may."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.urls import reverse

from billing.models import PaymentEvent
from tests.billing.conftest import stored
from tests.factories import accounts

pytestmark = pytest.mark.django_db

State = PaymentEvent.State


@pytest.fixture
def parked(buyer, payments, now) -> PaymentEvent:
    """The paid period that nobody heard of, since its event failed too often."""
    payments.subscribe(
        plan_code="cutoff",
        at=now,
        until=now + timedelta(days=28),
        amount=49,
        currency="USD",
    )
    row = PaymentEvent.objects.get(pk=stored("invoice.paid", now=now, period=0))
    row.state, row.attempts, row.next_attempt_at = State.PARKED, 10, None
    row.save()
    return row


def _run(capsys, *words: str) -> dict:
    call_command("replay_payment_events", *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_parked_event_is_processed_and_what_it_did_is_not_done_twice(
    parked, buyer, now, capsys
) -> None:
    told = _run(capsys, "--failed", "--dry-run")
    assert (told["events"], told["outcomes"]) == ([parked.pk], {})
    parked.refresh_from_db()
    assert parked.state == State.PARKED

    assert _run(capsys, "--failed")["outcomes"] == {"processed": 1}
    assert _run(capsys, "--failed")["events"] == []
    assert _run(capsys, str(parked.pk))["outcomes"] == {"processed": 1}
    assert _run(capsys, "--since", now.isoformat())["events"] == [parked.pk]
    assert buyer.subscriptions.get().payments.count() == 1


def test_an_event_that_fails_again_ends_the_command_with_1(
    parked, payments, monkeypatch, capsys
) -> None:
    def silent(kind, body):
        raise RuntimeError("no answer")

    monkeypatch.setattr(payments, "fetch", silent)
    with pytest.raises(SystemExit) as ended:
        call_command("replay_payment_events", "--failed", "--json")
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["outcomes"] == {"received": 1}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Name events by"),
        (["--since", "yesterday"], "is not an ISO date"),
        (["424242"], "424242"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(words, complaint) -> None:
    with pytest.raises(CommandError, match=complaint):
        call_command("replay_payment_events", *words)


@pytest.mark.parametrize(
    ("group", "state"), [("admin", "processed"), ("support", "parked")]
)
def test_staff_replay_in_the_admin_if_they_may(parked, client_of, group, state) -> None:
    staff = accounts.make_user(email="staff@example.org", is_staff=True)
    staff.groups.add(Group.objects.get(name=group))
    form = {"action": "replay", "_selected_action": [parked.pk]}
    client_of(staff).post(reverse("admin:billing_paymentevent_changelist"), form)
    parked.refresh_from_db()
    assert parked.state == state
