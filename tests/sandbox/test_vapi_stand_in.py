"""The stand-in of the telephony provider, and our way of speaking to it."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from metering.calls import tokens, vapi
from metering.providers.base import OutcomeUnknown, Placing, ProviderError, Refused
from servicebilling.sandbox import serving
from servicebilling.sandbox.vapi import calls
from servicebilling.sandbox.vapi.running import Sandbox


def now() -> datetime:
    return datetime.now(UTC)


def a_call(**changes) -> Placing:
    return Placing(
        **{
            "direction": "outbound",
            "seconds_max": 175,
            "token": tokens.sign_placement(uuid4()),
            "assistant_id": "assistant-1",
            "number_id": "number-1",
            "customer": "+12025550178",
        }
        | changes
    )


def ended(client, call_id: str):
    for _ in range(6000):
        found = client.call(call_id, now=now())
        if found and found.report:
            return found
        time.sleep(0.01)
    raise AssertionError("the call does not end")


def test_a_placed_call_ends_and_tells_its_length(provider, client_of_provider):
    provider.control("next_calls", [{"talk_seconds": 90.5}])
    placing = a_call()
    dialled = client_of_provider.place(placing)

    found = ended(client_of_provider, dialled.call_id)

    assert found.report.duration_seconds == 91
    assert found.report.ended_reason == "customer-ended-call"
    assert found.report.cost > 0
    assert found.ref.placement_id == tokens.read_placement(placing.token)
    assert (found.ref.direction, found.ref.call_to) == ("outbound", "+12025550178")
    names = [one["name"] for one in provider.messages()]
    assert names == [
        "status-update:in-progress",
        "status-update:ended",
        "end-of-call-report",
    ]


def test_a_call_is_cut_off_at_its_cap(provider, client_of_provider):
    provider.control("next_calls", [{"talk_seconds": 900}])
    dialled = client_of_provider.place(a_call(seconds_max=55))

    report = ended(client_of_provider, dialled.call_id).report

    assert (report.duration_seconds, report.ended_reason) == (56, "exceeded-max-duration")


def test_a_call_that_nobody_answers_has_no_length(provider, client_of_provider):
    provider.control("next_calls", [{"talk_seconds": None}])
    dialled = client_of_provider.place(a_call())

    report = ended(client_of_provider, dialled.call_id).report

    assert (report.duration_seconds, report.started_at) == (None, None)


def test_a_web_call_tells_where_to_join(provider, client_of_provider):
    dialled = client_of_provider.place(a_call(direction="web", customer="", number_id=""))

    assert dialled.join_url.startswith(provider.url)


def test_a_refusal_is_told_from_an_answer_that_did_not_come(provider, client_of_provider):
    provider.fault("400", path="/call")
    with pytest.raises(Refused):
        client_of_provider.place(a_call())
    assert provider.calls() == []

    provider.fault("lost_answer", path="/call")
    with pytest.raises(OutcomeUnknown):
        client_of_provider.place(a_call())
    assert len(provider.calls()) == 1


def test_nobody_there_is_a_refusal(provider, settings):
    settings.VAPI_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(Refused):
        vapi.client().place(a_call())


def test_an_unknown_call_is_none_and_a_wrong_key_is_no_answer(provider, settings):
    assert vapi.client().call(str(uuid4()), now=now()) is None
    settings.VAPI_API_KEY = "another"
    with pytest.raises(ProviderError):
        vapi.client().call(str(uuid4()), now=now())


@pytest.mark.parametrize("call_id", ["../phone-number", "a/b", "", "a?b=c", "a b"])
def test_an_id_leads_nowhere_else(call_id, provider, client_of_provider):
    assert client_of_provider.call(call_id, now=now()) is None
    assert provider.box.requests == []


def test_lists_are_full_or_whole(provider, client_of_provider):
    for _ in range(3):
        client_of_provider.place(a_call())
    since = now() - timedelta(minutes=1)

    whole = client_of_provider.calls(now=now(), created_since=since)
    part = client_of_provider.calls(now=now(), created_since=since, limit=2)

    assert (len(whole.calls), whole.is_full) == (3, False)
    assert (len(part.calls), part.is_full) == (2, True)
    oldest = min(one.created_at for one in whole.calls)
    assert client_of_provider.calls(now=now(), created_before=oldest).calls == ()


def test_the_account_tells_its_set_up_and_balance(provider, client_of_provider):
    provider.control("numbers", {"id": "n-1", "assistantId": "a-1"})
    provider.control("assistants", {"id": "a-1", "serverMessages": ["hang"]})

    set_up = client_of_provider.set_up()

    assert set_up.numbers[0].answered_by == "assistant a-1"
    assert not set_up.assistants[0].sends_reports
    assert str(client_of_provider.balance_usd()) == "25"

    client_of_provider.point_number_here("n-1", kind="twilio")
    (number,) = client_of_provider.set_up().numbers
    assert number.answered_by == ""
    assert number.server_url.endswith("/api/webhooks/vapi")
    assert number.has_retry_plan


def test_it_remembers_its_calls_and_ends_those_that_ran(tmp_path):
    path = tmp_path / "vapi.json"
    first = Sandbox(state=path)
    first.start()
    first.box.settings |= {"ring_seconds": 0.0, "delivers_by_itself": False}
    ran = calls.create(first.box, kind="webCall", assistant_id="assistant-1")
    first.box.run_due()
    assert ran["status"] == "in-progress"
    first.stop()

    second = Sandbox(state=path)
    second.box.run_due()
    second.server.server_close()

    (known,) = second.box.calls.values()
    assert (known["id"], known["status"]) == (ran["id"], "ended")
    assert known["endedReason"] == "worker-shutdown"
    assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_memory_is_set_aside(tmp_path):
    path = tmp_path / "vapi.json"
    path.write_text("{broken")
    sandbox = Sandbox(state=path)
    sandbox.server.server_close()

    assert sandbox.box.calls == {}
    assert path.with_suffix(".unreadable").exists()


def test_it_starts_in_a_sandbox_alone():
    with pytest.raises(serving.Refused):
        serving.check_asked_for({})
    serving.check_asked_for({"SANDBOX": "1"})
