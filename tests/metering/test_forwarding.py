"""Refused calls are handed to the organization's own line, once it is confirmed."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import settings_history
from metering.calls import forwarding
from metering.calls.settle import settle
from metering.errors import CodeRefused, DestinationRefused
from metering.models import CallEnding, Forward, HumanLine
from tests.factories import accounts
from tests.factories import metering as make
from tests.signing import vapi_secret
from tests.telephony import post

pytestmark = pytest.mark.django_db
HUMAN = "+12025550178"


@pytest.fixture
def acme(db):
    month = timezone.now() - timedelta(days=3)
    return make.make_balances(now=month, card=make.make_card(included_minutes=20))


@pytest.fixture
def line(acme):
    line = make.make_number(organization=acme, valid_from=datetime(2026, 1, 1, tzinfo=UTC))
    line.e164 = "+12025550143"
    line.save()
    return line


def spoken_code(provider) -> str:
    said = provider.calls()[-1]["assistant"]["firstMessage"]
    return "".join(re.findall("[0-9]", said))[:6]


def ask(acme, *, at: datetime | None = None) -> HumanLine:
    return forwarding.ask_code(acme, HUMAN, actor="test", now=at or timezone.now())


@pytest.fixture
def confirmed(provider, acme, line):
    ask(acme)
    return forwarding.confirm(acme, spoken_code(provider), actor="test", now=timezone.now())


def exhaust(line) -> None:
    """A long call takes all that is left."""
    now = timezone.now()
    long_call = make.make_report(
        make.call_ref(line), started_at=now - timedelta(hours=1), seconds=1200
    )
    settle([long_call], now=now)


@pytest.fixture
def empty(acme, line, confirmed):
    """Nothing is left to pay with."""
    exhaust(line)


def question(line, call_id: str) -> dict:
    message = {
        "type": "assistant-request",
        "call": {"id": call_id, "type": "inboundPhoneCall"},
        "phoneNumber": {"id": line.provider_number_id, "number": line.e164},
        "customer": {"number": "+12025550191"},
    }
    answer = Client().post(
        "/api/webhooks/vapi",
        json.dumps({"message": message}),
        content_type="application/json",
        headers=vapi_secret(),
    )
    return answer.json()


def test_a_refused_call_is_handed_to_the_confirmed_line(line, empty):
    answer = question(line, "call-1")

    assert answer["destination"]["number"] == HUMAN
    assert question(line, "call-1") == answer
    assert Forward.objects.get().rule == "no_minutes"


def test_a_call_that_was_handed_over_is_not_ended(acme, line, empty):
    """A status may tell that it runs: a person talks there, and no assistant."""
    settings_history.set_value(
        "end_unadmitted_calls", True, organization=acme, actor="test", now=timezone.now()
    )
    question(line, "call-1")
    post(
        {
            "type": "status-update",
            "status": "in-progress",
            "call": {
                "id": "call-1",
                "type": "inboundPhoneCall",
                "phoneNumberId": line.provider_number_id,
                "monitor": {"controlUrl": "https://phone-call.vapi.ai/call-1/control"},
            },
        }
    )
    assert not CallEnding.objects.exists()


def test_a_call_that_is_let_through_is_not(line, confirmed):
    assert "assistantId" in question(line, "call-1")
    assert not Forward.objects.exists()


def test_a_line_that_is_not_confirmed_gets_no_calls(provider, acme, line):
    ask(acme)
    exhaust(line)
    assert "error" in question(line, "call-1")


def test_another_number_must_be_confirmed_again(provider, acme, line, confirmed):
    forwarding.ask_code(acme, "+12025550199", actor="test", now=timezone.now())
    exhaust(line)
    assert "error" in question(line, "call-1")


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_nothing_is_handed_on_while_suspended(status, acme, line, empty):
    type(acme).objects.filter(pk=acme.pk).update(status=status)
    assert "error" in question(line, "call-1")


def test_a_day_has_only_so_many(acme, line, empty):
    settings_history.set_value(
        "forwards_per_day_max", 2, organization=acme, actor="test", now=timezone.now()
    )
    answers = [question(line, f"call-{n}") for n in range(4)]
    assert ["destination" in one for one in answers] == [True, True, False, False]
    Forward.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert "destination" in question(line, "call-5")


def test_a_country_that_is_no_longer_allowed_is_not_called(acme, line, empty):
    settings_history.set_value(
        "call_countries", ["DE"], organization=acme, actor="test", now=timezone.now()
    )
    assert "error" in question(line, "call-1")


def test_a_premium_number_is_never_a_line(provider, acme, line):
    with pytest.raises(DestinationRefused):
        forwarding.ask_code(acme, "+19005551234", actor="test", now=timezone.now())
    assert provider.calls() == []


def test_five_wrong_tries_spoil_a_code(provider, acme, line):
    ask(acme)
    code = spoken_code(provider)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(forwarding.ATTEMPTS_MAX):
        with pytest.raises(CodeRefused):
            forwarding.confirm(acme, wrong, actor="test", now=timezone.now())
    with pytest.raises(CodeRefused):
        forwarding.confirm(acme, code, actor="test", now=timezone.now())
    assert HumanLine.objects.get().confirmed_at is None


def test_a_code_is_good_for_ten_minutes_and_once(provider, acme, line):
    ask(acme)
    code = spoken_code(provider)
    late = timezone.now() + forwarding.CODE_HOLDS
    with pytest.raises(CodeRefused):
        forwarding.confirm(acme, code, actor="test", now=late)
    forwarding.confirm(acme, code, actor="test", now=timezone.now())
    forwarding.remove(acme, actor="test", now=timezone.now())
    with pytest.raises(CodeRefused):
        forwarding.confirm(acme, code, actor="test", now=timezone.now())


def test_nobody_is_called_all_day(provider, acme, line):
    for _ in range(forwarding.CODES_PER_DAY_MAX):
        ask(acme)
        forwarding.remove(acme, actor="test", now=timezone.now())
    with pytest.raises(CodeRefused):
        ask(acme)
    assert len(provider.calls()) == forwarding.CODES_PER_DAY_MAX


def test_it_is_set_through_the_api_by_who_may_manage_settings(provider, acme, line):
    key = accounts.make_key(organization=acme, scopes=["admin"])
    program = Client(headers={"Authorization": f"Bearer {key.key}"})
    url = "/api/calls/human-line"
    assert program.get(url).json() == {"number": None, "is_confirmed": False}
    answer = program.post(url, {"number": HUMAN}, content_type="application/json")
    assert (answer.status_code, answer.json()["is_confirmed"]) == (201, False)
    answer = program.post(
        f"{url}/confirm", {"code": spoken_code(provider)}, content_type="application/json"
    )
    assert answer.json() == {"number": HUMAN, "is_confirmed": True}
    assert program.delete(url).status_code == 204
    assert program.get(url).json()["number"] is None
    weak = accounts.make_key(organization=acme, scopes=["calls:create"])
    program = Client(headers={"Authorization": f"Bearer {weak.key}"})
    assert program.get(url).status_code == 403
