"""Calls that are placed through the gate, and web calls that a browser joins."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import settings_history
from metering.calls import outbound, placements, tokens
from metering.errors import CallRefused
from metering.models import Allowance, Call, Decision, Hold, InboundMessage, Placement
from metering.verification.run import verify
from tests.factories import accounts
from tests.factories import metering as make
from tests.signing import vapi_secret

pytestmark = pytest.mark.django_db
MOBILE = "+12025550178"


@pytest.fixture(autouse=True)
def books_add_up():
    """By today's clock, which the stand-in's is, too."""
    yield
    assert verify(now=timezone.now()).findings == []


@pytest.fixture
def acme():
    month = timezone.now() - timedelta(days=3)
    return make.make_balances(now=month, card=make.make_card(included_minutes=20))


@pytest.fixture
def number(acme):
    number = make.make_number(
        organization=acme, valid_from=datetime(2026, 1, 1, tzinfo=UTC)
    )
    number.e164 = "+12025550143"
    number.save()
    return number


@pytest.fixture
def program(acme, number) -> Client:
    key = accounts.make_key(organization=acme, scopes=["calls:create"])
    return Client(headers={"Authorization": f"Bearer {key.key}"})


def place(program: Client, path: str = "/api/calls", *, key: str = "", **body):
    headers = {"Idempotency-Key": key} if key else {}
    return program.post(
        path, json.dumps(body), content_type="application/json", headers=headers
    )


def deliver(provider, client: Client) -> None:
    for waiting in provider.messages():
        answer = client.post(
            "/api/webhooks/vapi",
            json.dumps({"message": waiting["message"]}),
            content_type="application/json",
            headers=vapi_secret(),
        )
        assert answer.status_code == 200


def held(acme) -> int:
    return Allowance.objects.get(organization=acme).minutes_held


def test_a_call_is_placed_capped_and_charged_once(provider, program, acme, number):
    provider.control("next_calls", [{"talk_seconds": 90}])
    answer = place(program, to=MOBILE)

    assert answer.status_code == 201, answer.content
    assert answer.json()["seconds_max"] == 5 * 60 - 5
    (dialled,) = provider.calls()
    overrides = dialled["assistantOverrides"]
    assert overrides["maxDurationSeconds"] == 295
    assert overrides["server"]["url"].endswith("/api/webhooks/vapi")
    assert overrides["serverMessages"] == ["status-update", "end-of-call-report"]
    assert dialled["customer"] == {"number": MOBILE}
    call = Call.objects.get()
    assert str(call.pk) == answer.json()["call_id"]
    assert call.provider_call_id == dialled["id"]
    assert Hold.objects.get().reference == f"vapi:{dialled['id']}"
    assert held(acme) == 5

    deliver(provider, Client())

    call.refresh_from_db()
    assert (call.status, call.billed_minutes, call.direction) == (
        "completed",
        2,
        "outbound",
    )
    assert not call.is_unadmitted
    assert call.flags == []
    assert held(acme) == 0


def test_nothing_to_pay_with_is_402_and_nobody_is_called(provider, program, acme):
    Allowance.objects.filter(organization=acme).update(minutes_ceiling=0)
    answer = place(program, to=MOBILE)

    assert answer.status_code == 402
    assert answer.json()["error"]["code"] == "no_minutes"
    assert provider.calls() == []
    assert Decision.objects.get().rule == "no_minutes"
    Allowance.objects.filter(organization=acme).update(minutes_ceiling=20)


@pytest.mark.parametrize("to", [MOBILE, "+112025550178"])
def test_a_repeated_post_dials_once(provider, program, to):
    first = place(program, to=to, key="order-1")
    second = place(program, to=to, key="order-1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(provider.calls()) == 1
    assert Hold.objects.count() == 1


def test_a_key_stands_for_one_call(provider, program):
    assert place(program, to=MOBILE, key="order-1").status_code == 201
    other = place(program, to="+12025550199", key="order-1")
    assert (other.status_code, other.json()["error"]["code"]) == (
        409,
        "idempotency_key_reused",
    )
    assert place(program, "/api/calls/web", key="order-1").status_code == 409
    assert len(provider.calls()) == 1


def test_a_repeated_post_dials_once_when_the_answer_was_lost(provider, program, acme):
    provider.fault("lost_answer", method="POST", path="/call")
    first = place(program, to=MOBILE, key="order-1")
    assert first.status_code == 504
    assert held(acme) == 5

    second = place(program, to=MOBILE, key="order-1")

    assert second.status_code == 201, second.content
    assert len(provider.calls()) == 1
    assert provider.requests("POST", "/call") == 1
    assert Call.objects.get().provider_call_id == provider.calls()[0]["id"]


def test_a_lost_answer_is_mended_by_the_first_message(provider, program):
    provider.fault("lost_answer", method="POST", path="/call")
    place(program, to=MOBILE, key="order-1")

    deliver(provider, Client())

    call = Call.objects.get()
    assert (call.status, call.billed_minutes) == ("completed", 2)
    assert place(program, to=MOBILE, key="order-1").status_code == 201
    assert len(provider.calls()) == 1


def test_a_call_that_never_was_is_let_go_and_may_be_tried_again(
    provider, program, acme, monkeypatch
):
    provider.fault("no_answer", method="POST", path="/call")
    assert place(program, to=MOBILE, key="order-1").status_code == 504
    # Too early to say: it may still come about.
    assert place(program, to=MOBILE, key="order-1").status_code == 504

    later = timezone.now() + outbound.LOST_AFTER
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert place(program, to=MOBILE, key="order-1").status_code == 502
    assert held(acme) == 0
    assert provider.calls() == []

    assert place(program, to=MOBILE, key="order-1").status_code == 201
    assert len(provider.calls()) == 1


def test_a_call_that_was_given_up_and_rang_after_all_is_charged_beside_the_next(
    provider, program, acme, monkeypatch
):
    """Its key asked for another call since; its report still finds it."""
    provider.fault("lost_answer", method="POST", path="/call")
    assert place(program, to=MOBILE, key="order-1").status_code == 504
    lost = Placement.objects.get()
    placements.fail(lost, error="the list did not show it", now=timezone.now())
    assert place(program, to=MOBILE, key="order-1").status_code == 201

    deliver(provider, Client())

    assert [call.status for call in Call.objects.all()] == ["completed"] * 2
    assert [call.billed_minutes for call in Call.objects.all()] == [2, 2]
    kept = Placement.objects.get(idempotency_key="order-1")
    assert kept != lost
    assert not InboundMessage.objects.exclude(state="processed").exists()


@pytest.mark.parametrize("fault", ["400", "429"])
def test_a_provider_that_refuses_holds_nothing(fault, provider, program, acme):
    provider.fault(fault, method="POST", path="/call")
    answer = place(program, to=MOBILE)

    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "provider_refused"
    assert held(acme) == 0
    assert Call.objects.get().status == "failed"


def test_without_a_provider_nothing_is_held(program, acme, settings):
    settings.VAPI_API_KEY = ""
    assert place(program, to=MOBILE).status_code == 409
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    "to",
    [
        "+19005551234",
        "+447911123456",
        "+491805123456",
        "+18095551234",
        "+881621234567",
        "+1202555017",
        "12025550178",
        "+1202555017８",
        "sip:a@b",
    ],
)
def test_a_number_that_may_not_be_called_is_refused(to, provider, program):
    answer = place(program, to=to)

    assert answer.status_code == 422, answer.content
    assert answer.json()["error"]["code"] == "destination_refused"
    assert provider.calls() == []
    assert not Hold.objects.exists()


def test_countries_are_allowed_by_setting(provider, program, acme):
    settings_history.set_value(
        "call_countries", ["DE"], organization=acme, actor="test", now=timezone.now()
    )
    assert place(program, to="+4930901820").status_code == 201
    assert place(program, to=MOBILE).status_code == 422


def test_a_web_call_gives_the_browser_nothing_to_change_it_with(provider, program):
    answer = place(program, "/api/calls/web")

    assert answer.status_code == 201, answer.content
    assert set(answer.json()) == {"call_id", "seconds_max", "web_call"}
    assert set(answer.json()["web_call"]) == {"id", "webCallUrl"}
    (call,) = provider.calls()
    assert answer.json()["web_call"]["id"] == call["id"]
    assert call["assistantOverrides"]["maxDurationSeconds"] == 295
    for secret in ("controlUrl", "servicebilling", "sandbox-key"):
        assert secret not in answer.content.decode()
    deliver(provider, Client())
    assert Call.objects.get().direction == "web"
    assert Call.objects.get().billed_minutes == 2


def test_only_so_many_calls_run_at_once(provider):
    month = timezone.now() - timedelta(days=3)
    card = make.make_card(included_minutes=20, calls_at_once_max=1)
    busy = make.make_balances(now=month, card=card)
    line = make.make_number(organization=busy, valid_from=month)
    wanted = outbound.Wanted("web", line.agent)
    outbound.place(busy, wanted, now=timezone.now())
    with pytest.raises(CallRefused) as refusal:
        outbound.place(busy, wanted, now=timezone.now())

    assert refusal.value.code == "too_many_calls"
    assert len(provider.calls()) == 1


def test_a_key_without_the_scope_calls_nobody(provider, acme, number):
    key = accounts.make_key(organization=acme, scopes=["usage:read"])
    program = Client(headers={"Authorization": f"Bearer {key.key}"})
    assert place(program, to=MOBILE).status_code == 403
    assert provider.calls() == []


def test_a_token_is_worth_nothing_for_another_call(provider, program, acme):
    place(program, to=MOBILE)
    placement = Placement.objects.get()
    token = tokens.sign_placement(placement.pk)
    message = {
        "type": "end-of-call-report",
        "call": {
            "id": str(uuid4()),
            "type": "webCall",
            "assistantOverrides": {"metadata": {"servicebilling": token}},
        },
        "startedAt": "2026-11-20T10:00:00Z",
        "endedAt": "2026-11-20T10:09:00Z",
        "endedReason": "customer-ended-call",
    }
    answer = Client().post(
        "/api/webhooks/vapi",
        json.dumps({"message": message}),
        content_type="application/json",
        headers=vapi_secret(),
    )

    assert answer.status_code == 200
    assert Call.objects.count() == 1
    assert Allowance.objects.get(organization=acme).minutes_used_this_cycle == 0


@pytest.mark.parametrize(
    "metadata",
    [
        {"servicebilling": "forged"},
        {"organization_id": "ORGANIZATION"},
        {"servicebilling": '["ORGANIZATION", "call"]:signature'},
        {"servicebilling": {"organization_id": "ORGANIZATION"}},
    ],
)
def test_forged_metadata_charges_nobody(metadata, acme):
    call_id = str(uuid4())
    told = json.loads(json.dumps(metadata).replace("ORGANIZATION", str(acme.pk)))
    message = {
        "type": "end-of-call-report",
        "call": {
            "id": call_id,
            "type": "webCall",
            "metadata": told,
            "assistantOverrides": {"metadata": told},
        },
        "startedAt": "2026-11-20T10:00:00Z",
        "endedAt": "2026-11-20T10:09:00Z",
        "endedReason": "customer-ended-call",
    }
    answer = Client().post(
        "/api/webhooks/vapi",
        json.dumps({"message": message}),
        content_type="application/json",
        headers=vapi_secret(),
    )

    assert answer.status_code == 200
    assert not Call.objects.exists()
    assert Allowance.objects.get(organization=acme).minutes_used_this_cycle == 0


def test_a_message_without_our_token_before_the_answer_costs_once(provider, program, acme):
    """The hold of the call as it was asked for is let go; the call as told is metered."""
    provider.fault("lost_answer", method="POST", path="/call")
    place(program, to=MOBILE, key="order-1")
    for waiting in provider.messages():
        waiting["message"]["call"].pop("assistantOverrides")
        Client().post(
            "/api/webhooks/vapi",
            json.dumps({"message": waiting["message"]}),
            content_type="application/json",
            headers=vapi_secret(),
        )
    assert place(program, to=MOBILE, key="order-1").status_code == 201

    assert held(acme) == 0
    assert Allowance.objects.get(organization=acme).minutes_used_this_cycle == 2
    states = set(Call.objects.values_list("status", "billed_minutes"))
    assert states == {("failed", 0), ("completed", 2)}
