"""manage.py replay_webhooks."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from metering.models import Allowance, InboundMessage
from tests.payloads import vapi_body, vapi_message
from tests.webhooks.conftest import NOW

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("replay_webhooks", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def unmatched(request, acme, post) -> InboundMessage:
    """A report that came before the number had an owner, whom it has now."""
    post(vapi_body("04"))
    request.getfixturevalue("organization_with_number")
    return InboundMessage.objects.get()


def test_message_is_replayed_by_its_id(unmatched):
    assert run("--id", str(unmatched.pk)) == "charged: 1\n"

    assert Allowance.objects.get().minutes_used_this_cycle == 3


def test_messages_are_replayed_by_state_and_time(unmatched):
    assert run("--state", "parked") == "No stored message matches.\n"
    assert run("--since", "2026-11-20T15:41:00+00:00") == "No stored message matches.\n"

    told = json.loads(run("--state", "unmatched", "--since", NOW.isoformat(), "--json"))
    assert told == {"outcomes": {"charged": 1}, "failed": [], "dry_run": False}


def test_dry_run_charges_nothing(unmatched):
    told = json.loads(run("--since", "2026-11-20", "--dry-run", "--json"))

    assert told == {"outcomes": {"charged": 1}, "failed": [], "dry_run": True}
    assert Allowance.objects.get().minutes_used_this_cycle == 0


def test_quarantined_message_says_so(organization_with_number, post):
    post(vapi_message("04", cost=-1))

    assert run("--state", "quarantined") == "quarantined: 1\n"


def test_failure_ends_with_exit_code_1_and_names_the_message(defect, post, capsys):
    post(vapi_body("04"))
    kept = InboundMessage.objects.get()

    with pytest.raises(SystemExit) as ended:
        call_command("replay_webhooks", "--id", str(kept.pk), "--json")

    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told["outcomes"] == {"failed": 1}
    assert told["failed"][0]["id"] == kept.pk
    assert "nothing_may_be_charged" in told["failed"][0]["error"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Name messages by"),
        (["--since", "yesterday"], "is not an ISO date"),
        (["--id", "424242"], "424242"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(db, arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        run(*arguments)
