"""May this call connect? What Vapi is told."""

import pytest

from accounts import settings_history
from accounts.models import Organization
from metering.balances import cycles
from metering.calls import refusals, tokens
from metering.models import Agent, Decision, Hold, InboundMessage, PhoneNumber
from tests import payloads
from tests.payloads import vapi_body, vapi_message
from tests.webhooks.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def unpaid(organization_with_number) -> Organization:
    """Acme Dental, which has not paid for too long."""
    cycles.set_standing(
        organization_id=organization_with_number.pk, standing="past_due", now=NOW
    )
    return organization_with_number


def test_admitted_call_is_told_its_agent_its_length_and_where_to_report(
    organization_with_number, post, settings
):
    settings.WEBSITE_URL = "https://billing.example.com"
    settings.VAPI_CREDENTIAL_ID = "credential-1"

    reply = post(vapi_body("01"))

    assert reply.status_code == 200
    answer = reply.json()
    overrides = answer.pop("assistantOverrides")
    assert answer == {"assistantId": payloads.ASSISTANT_ID}
    hold = Hold.objects.get()
    assert overrides["maxDurationSeconds"] == hold.seconds_max == 60 * hold.minutes - 5
    assert overrides["serverMessages"] == ["status-update", "end-of-call-report"]
    assert overrides["server"]["url"] == "https://billing.example.com/api/webhooks/vapi"
    assert overrides["server"]["credentialId"] == "credential-1"
    assert set(overrides["metadata"]) == {"servicebilling"}


def test_token_in_the_answer_names_the_organization_for_this_call(
    organization_with_number, post
):
    overrides = post(vapi_body("01")).json()["assistantOverrides"]
    token = overrides["metadata"]["servicebilling"]

    assert tokens.read(token, payloads.CALL_ID) == organization_with_number.pk
    assert tokens.read(token, "another-call") is None
    assert tokens.read(token + "x", payloads.CALL_ID) is None
    assert tokens.read("", payloads.CALL_ID) is None


def test_token_brings_a_report_home_when_nothing_else_does(organization_with_number, post):
    """The number and the agent are gone, and we know no hold of that call."""
    message = vapi_message("04")
    message["call"]["assistantOverrides"]["metadata"]["servicebilling"] = tokens.sign(
        organization_id=organization_with_number.pk, call_id=payloads.CALL_ID
    )
    message["call"]["phoneNumberId"] = message["phoneNumber"]["id"] = "nobodys-number"
    message["call"]["assistantId"] = message["assistant"]["id"] = "nobodys-assistant"

    post(message)

    assert InboundMessage.objects.get().organization == organization_with_number


def test_same_request_again_gets_the_same_answer_and_no_second_hold(
    organization_with_number, post
):
    first, second = post(vapi_body("01")).json(), post(vapi_body("01")).json()

    assert first == second
    assert Hold.objects.count() == 1


def test_unknown_number_is_refused_in_words_with_status_200(db, post):
    reply = post(vapi_body("01"))

    assert reply.status_code == 200
    assert reply.json() == {"error": refusals.TEXTS["unknown_number"]}
    assert Decision.objects.get().rule == "unknown_number"


def test_number_without_an_agent_is_refused_and_holds_nothing(
    organization_with_number, post
):
    PhoneNumber.objects.update(agent=None)

    assert post(vapi_body("01")).json() == {"error": refusals.TEXTS["not_configured"]}
    assert Decision.objects.get().rule == "not_configured"
    assert not Hold.objects.exists()


def test_number_that_lost_its_agent_in_between_is_refused(organization_with_number, post):
    post(vapi_body("01"))
    PhoneNumber.objects.update(agent=None)

    assert post(vapi_body("01")).json() == {"error": refusals.TEXTS["not_configured"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"call": None},
        {"call": []},
        {"call__id": None},
        {"call__id": 5},
        {"call__id": "\x00"},
        {"call__phoneNumberId": {}},
    ],
    ids=str,
)
def test_request_that_makes_no_sense_is_refused_in_words_and_kept(
    organization_with_number, post, changes
):
    reply = post(vapi_message("01", **changes))

    assert reply.status_code == 200
    assert reply.json() == {"error": refusals.TEXTS["unavailable"]}
    assert not Decision.objects.exists()
    assert InboundMessage.objects.get().state == "quarantined"


def test_agents_own_words_are_spoken_first(unpaid, post):
    Agent.objects.update(refusal_text="Acme Dental is closed for today.")
    say(unpaid, {"past_due": "The organization's words."})

    assert post(vapi_body("01")).json() == {"error": "Acme Dental is closed for today."}


def test_organizations_words_are_spoken_next(unpaid, post):
    say(None, {"past_due": "The platform's words."})
    say(unpaid, {"past_due": "Please call our mobile number."})

    assert post(vapi_body("01")).json() == {"error": "Please call our mobile number."}


def test_words_for_another_reason_are_not_spoken(unpaid, post):
    say(None, {"past_due": "The platform's words."})
    say(unpaid, {"no_minutes": "Other words."})

    assert post(vapi_body("01")).json() == {"error": "The platform's words."}


def test_platforms_default_is_spoken_last(unpaid, post):
    assert post(vapi_body("01")).json() == {"error": refusals.fallback("past_due")}
    assert Decision.objects.get().rule == "past_due"


def test_words_that_no_voice_can_say_are_passed_over(unpaid, post):
    Agent.objects.update(refusal_text=" {{ }} https://evil.example.com/x ... ")

    assert post(vapi_body("01")).json() == {"error": refusals.fallback("past_due")}


def test_words_are_cleaned_of_templates_and_addresses():
    said = refusals.spoken("Hello {{name}},\n see https://a.example/b\tor <b>call</b> us.")

    assert said == "Hello name , see or b call /b us."
    assert len(refusals.spoken("word " * 200)) <= refusals.LENGTH_MAX


def test_every_default_can_be_spoken():
    for words in refusals.TEXTS.values():
        assert refusals.spoken(words) == words


def test_admitting_asks_the_database_once(
    organization_with_number, post, django_assert_num_queries
):
    with django_assert_num_queries(1):
        assert "assistantId" in post(vapi_body("01")).json()


def say(organization: Organization | None, texts: dict[str, str]) -> None:
    settings_history.set_value(
        "refusal_texts", texts, organization=organization, actor="test", now=NOW
    )
