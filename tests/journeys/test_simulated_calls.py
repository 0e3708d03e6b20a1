"""The simulator against a site that listens: what it says is what the books say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Organization
from metering.models import Allowance, Call, InboundMessage
from metering.simulation import posting
from metering.verification.run import verify
from tests.factories import metering as make

MINUTES = 40


@pytest.fixture
def caller(db) -> Organization:
    """An organization with a number and minutes for some of the calls."""
    now = datetime.now(UTC)
    card = make.make_card(included_minutes=MINUTES)
    organization = make.make_balances(now=now, card=card)
    make.make_number(organization=organization, valid_from=now)
    return organization


def simulate(capsys, slug: str, **options: Any) -> dict:
    call_command("simulate_calls", organization=slug, json=True, **options)
    return json.loads(capsys.readouterr().out)


def test_simulated_calls_are_admitted_refused_and_charged(caller, live_server, capsys):
    said = simulate(
        capsys, caller.slug, count=45, concurrency=6, url=live_server.url, seed=4
    )

    assert said["problems"] == {}
    assert said["admitted"] + said["refused"] == 45
    assert said["refused"] > 0
    allowance = Allowance.objects.get(organization=caller)
    assert 0 < said["charged_minutes"] == allowance.minutes_used_this_cycle <= MINUTES
    assert allowance.minutes_held == 0
    assert Call.objects.filter(status="refused").count() == said["refused"]
    assert not InboundMessage.objects.exclude(state="processed").exists()
    assert verify(now=datetime.now(UTC)).findings == []


def test_wrong_secret_is_told_as_a_problem(caller, live_server, capsys, monkeypatch):
    monkeypatch.setattr(posting._Provider, "_signed", lambda self, body: {})
    with pytest.raises(CommandError, match="not answered as they must be"):
        simulate(capsys, caller.slug, count=2, concurrency=1, url=live_server.url)
    assert json.loads(capsys.readouterr().out)["problems"] == {"status 401": 2}
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "http://127.0.0.1:9"}, "Nothing answers"),
        ({"url": "https://billing.example.com"}, "not on this machine"),
    ],
)
def test_simulator_says_why_it_cannot(caller, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("simulate_calls", organization=caller.slug, count=1, **options)


@pytest.mark.parametrize("count", ["0", "10001", "many"])
def test_number_of_calls_is_bounded(count):
    with pytest.raises(CommandError, match="from 1 to 10,000"):
        call_command("simulate_calls", "--organization=acme", f"--count={count}")


def test_organization_without_a_number_cannot_be_called(db, organization):
    with pytest.raises(CommandError, match="map_number"):
        call_command("simulate_calls", organization=organization.slug, count=1)
