"""Calls that never asked: held late, or ended through their control URL."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.utils import timezone

from accounts import settings_history
from metering import tasks
from metering.balances import ledger
from metering.calls import endings, vapi
from metering.models import Call, CallEnding, Hold
from metering.providers.base import ProviderError
from metering.providers.vapi import control
from metering.providers.vapi.config import VapiConfig
from servicebilling.sandbox.vapi import calls
from tests.factories import metering as make
from tests.telephony import post

pytestmark = pytest.mark.django_db


@pytest.fixture
def poor(db):
    month = timezone.now() - timedelta(days=3)
    poor = make.make_balances(now=month, card=make.make_card(included_minutes=0))
    settings_history.set_value(
        "end_unadmitted_calls", True, organization=poor, actor="test", now=timezone.now()
    )
    return poor


@pytest.fixture
def line(poor):
    return make.make_number(organization=poor, valid_from=datetime(2026, 1, 1, tzinfo=UTC))


def running(provider, line) -> dict:
    """A call that a browser began by itself, and that talks."""
    provider.control("settings", {"pace": 1})
    call = calls.create(
        provider.box,
        kind="webCall",
        assistant_id=line.agent.provider_assistant_id,
        overrides={"maxDurationSeconds": 40000},
    )
    provider.box.run_due()
    assert call["status"] == "in-progress"
    return call


def deliver(provider) -> None:
    with provider.box.lock:
        waiting, provider.box.outbox = provider.box.outbox, []
    for one in waiting:
        post(one["message"])


def test_a_call_that_nothing_pays_for_is_ended_with_a_sentence_within_five_seconds(
    provider, line, monkeypatch
):
    # The worker is woken at once; here it works in this thread.
    monkeypatch.setattr(tasks.end_calls, "apply_async", lambda **_: tasks.end_calls())
    call = running(provider, line)
    began = timezone.now()
    deliver(provider)

    assert call["status"] == "ended"
    assert timezone.now() - began < timedelta(seconds=5)
    assert len(call["_said"]) == 1
    assert "sorry" in call["_said"][0]
    ending = CallEnding.objects.get()
    assert (ending.rule, ending.attempts, ending.error) == ("no_minutes", 1, "")
    assert ending.control_url == ""
    assert ending.ended_at
    assert not Hold.objects.exists()

    provider.box.run_due()
    deliver(provider)
    assert Call.objects.get().is_unadmitted


def test_without_the_setting_it_talks_on_and_is_metered(provider, poor, line):
    settings_history.set_value(
        "end_unadmitted_calls", False, organization=poor, actor="test", now=timezone.now()
    )
    call = running(provider, line)
    deliver(provider)

    assert call["status"] == "in-progress"
    assert not CallEnding.objects.exists()
    assert Call.objects.get().status == "active"


def test_a_call_that_can_be_paid_is_held_and_talks_on(provider, poor, line):
    ledger.add_credit_minutes(
        organization_id=poor.pk,
        minutes=5,
        kind="purchase",
        reference="test:1",
        now=timezone.now(),
    )
    call = running(provider, line)
    deliver(provider)

    assert call["status"] == "in-progress"
    assert Hold.objects.get().state == "open"
    assert not CallEnding.objects.exists()


def test_a_provider_that_does_not_listen_is_asked_again_and_then_no_more(
    provider, line, settings
):
    call = running(provider, line)
    deliver(provider)
    CallEnding.objects.update(control_url=f"{provider.url}/control/nobody")
    now = timezone.now()
    # A 404 says that the call does not run: asking again is of no use.
    assert endings.run_due(now=now) == {"ended": 0, "over": 0, "failed": 1}
    ending = CallEnding.objects.get()
    assert ending.next_attempt_at is None
    assert "404" in ending.error
    assert call["status"] == "in-progress"


def test_a_call_that_is_over_is_left_alone(provider, line):
    call = running(provider, line)
    deliver(provider)
    calls.end(provider.box, call, reason="customer-ended-call")
    deliver(provider)
    assert endings.run_due(now=timezone.now()) == {"ended": 0, "over": 1, "failed": 0}


@pytest.mark.parametrize(
    "url",
    [
        "http://api.vapi.ai/control/1",
        "https://vapi.ai.evil.example/control/1",
        "https://evil.example/?https://vapi.ai",
        "https://user@evil.example/control",
        "https://vapi.ai@evil.example/control",
        "https://user:secret@vapi.ai/control",
        "https://vapi.ai:8443/control",
        "https://127.0.0.1/control",
        "https://169.254.169.254/latest",
        "http://127.0.0.1:1234/control/1",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ],
)
def test_a_control_url_that_leads_elsewhere_is_never_called(url):
    config = VapiConfig(secrets=("s",), server_url="https://site.example")
    with pytest.raises(ProviderError):
        control.end(url, sentence="Goodbye.", config=config)
    assert not control.leads_to_vapi(url, config)


def test_a_control_url_of_the_provider_is_believed():
    config = VapiConfig(secrets=("s",), server_url="https://site.example")
    assert control.leads_to_vapi("https://phone-call.us-west-2.vapi.ai/1/control", config)


def test_redirects_are_not_followed(provider, settings, monkeypatch):
    asked = []

    def answer(method, url, **request):
        asked.append((url, request["follow_redirects"], request["timeout"]))
        return httpx.Response(302, headers={"Location": "https://evil.example"})

    monkeypatch.setattr(httpx, "request", answer)
    config = vapi.config()
    with pytest.raises(ProviderError):
        control.end(f"{provider.url}/control/1", sentence="Goodbye.", config=config)
    [(_, follows, timeout)] = asked
    assert follows is False
    assert timeout.read == timeout.connect == 3.0
