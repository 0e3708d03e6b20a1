"""Messages that ask for nothing, or for something we do not do: answered and kept."""

import pytest

from metering.models import Call, Hold, InboundMessage
from tests import payloads
from tests.payloads import vapi_body

pytestmark = pytest.mark.django_db

CALL = {"id": payloads.CALL_ID}


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ({"type": "tool-calls", "call": CALL, "toolCallList": []}, {"results": []}),
        (
            {"type": "transfer-destination-request", "call": CALL},
            {"error": "This call cannot be transferred."},
        ),
        (
            {"type": "campaign.predial", "campaignId": "c-1", "contact": {"id": "k-1"}},
            {"eligible": False},
        ),
        ({"type": "hang", "call": CALL}, {}),
        ({"type": "assistant.started", "call": CALL}, {}),
        ({"type": "conversation-update", "call": CALL, "messages": ["private"]}, {}),
        ({"type": "session.created", "timestamp": 1795187047543}, {}),
        ({"type": "call-end", "call": CALL}, {}),
        ({"type": "something-of-next-year", "call": None}, {}),
        ({"call": CALL}, {}),
    ],
    ids=lambda value: value.get("type", "?") if "results" not in value else None,
)
def test_message_is_answered_and_kept_and_changes_nothing(
    organization_with_number, post, message, answer
):
    reply = post(message)

    assert (reply.status_code, reply.json()) == (200, answer)
    kept = InboundMessage.objects.get()
    assert kept.state == "ignored"
    assert kept.kind == message.get("type", "unknown")
    assert "private" not in str(kept.body)
    assert not Call.objects.exists()
    assert not Hold.objects.exists()


def test_id_type_and_time_are_what_is_kept(db, post):
    post({"type": "hang", "call": CALL | {"orgId": "x"}, "timestamp": 1795187047543})

    kept = InboundMessage.objects.get()
    assert kept.provider_call_id == payloads.CALL_ID
    assert kept.body == {
        "message": {
            "type": "hang",
            "timestamp": "2026-11-20T15:04:07.543000+00:00",
            "call": {"id": payloads.CALL_ID},
        }
    }


def test_repeated_message_is_kept_once(db, post):
    for at in (1, 2, 3):
        post({"type": "speech-update", "call": CALL, "timestamp": 1795187047543 + at})

    assert InboundMessage.objects.count() == 1


def test_tool_calls_of_the_sample_are_answered_with_no_results(db, post):
    assert post(vapi_body("08")).json() == {"results": []}
