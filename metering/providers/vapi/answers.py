"""What we answer Vapi. Bare objects with status 200: a call is never refused by status code.

Rejecting is `{"error": "<sentence>"}`, which the caller hears; admitting names the assistant
and how long the call may last (Vapi's pages on server events, assistant-request).
"""

from typing import Any

from metering.providers.base import Placing
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.kept import TOKEN_KEY

SERVER_MESSAGES = ("status-update", "end-of-call-report")
# The longest that Vapi takes.
SECONDS_MAX = 43200
# A sentence and its repetition are over by then.
SAYING_SECONDS_MAX = 60
# Without a plan Vapi sends each message once, and one bad moment loses a report. Repeating
# what we will refuse again is of no use.
BACKOFF_PLAN = {
    "type": "exponential",
    "maxRetries": 8,
    "baseDelaySeconds": 2,
    "excludedStatusCodes": [400, 401, 403, 404, 405, 413, 415, 422],
}


def admit(
    *, assistant_id: str, seconds_max: int, token: str, config: VapiConfig
) -> dict[str, Any]:
    """Let a call through, capped, its reports sent to us and nowhere else."""
    overrides = _overrides(seconds_max=seconds_max, token=token, config=config)
    return {"assistantId": assistant_id, "assistantOverrides": overrides}


def call(placing: Placing, config: VapiConfig) -> dict[str, Any]:
    """The body that asks Vapi to place a call, on the same terms."""
    overrides = _overrides(
        seconds_max=placing.seconds_max, token=placing.token, config=config
    )
    body: dict[str, Any]
    if placing.says:
        # Nothing is left to override in an assistant that is made for this call.
        spoken = {
            "firstMessage": placing.says,
            "firstMessageMode": "assistant-speaks-first",
            "silenceTimeoutSeconds": 10,
        }
        longest = min(overrides["maxDurationSeconds"], SAYING_SECONDS_MAX)
        body = {"assistant": overrides | spoken | {"maxDurationSeconds": longest}}
    else:
        body = {"assistantId": placing.assistant_id, "assistantOverrides": overrides}
    if placing.direction != "web":
        body |= {
            "phoneNumberId": placing.number_id,
            "customer": {"number": placing.customer},
        }
    return body


def server(config: VapiConfig) -> dict[str, Any]:
    """Where Vapi sends its messages, and how often it tries."""
    here: dict[str, Any] = {"url": config.server_url, "backoffPlan": BACKOFF_PLAN}
    if config.credential_id:
        here["credentialId"] = config.credential_id
    return here


def _overrides(*, seconds_max: int, token: str, config: VapiConfig) -> dict[str, Any]:
    return {
        "maxDurationSeconds": min(seconds_max, SECONDS_MAX),
        "serverMessages": list(SERVER_MESSAGES),
        "server": server(config),
        "metadata": {TOKEN_KEY: token},
    }


def refuse(sentence: str) -> dict[str, Any]:
    """Turn a call away; the caller hears the sentence."""
    return {"error": sentence}


def forward(number: str, sentence: str) -> dict[str, Any]:
    """Hand a call that is refused to a person, after the sentence."""
    return {"destination": {"type": "number", "number": number, "message": sentence}}


def end_by_saying(sentence: str) -> dict[str, Any]:
    """The command that ends a running call with a sentence."""
    return {"type": "say", "content": sentence, "endCallAfterSpoken": True}


def say(sentence: str) -> dict[str, Any]:
    """The command that says a sentence in a running call, which then goes on."""
    return {"type": "say", "content": sentence, "endCallAfterSpoken": False}


def other(kind: str) -> dict[str, Any]:
    """What a message gets that asks for nothing, or for something we do not do."""
    match kind:
        case "tool-calls":
            return {"results": []}
        case "campaign.predial":
            # One that was not understood: nothing is held, so nothing may be dialled.
            return {"eligible": False}
        case "transfer-destination-request" | "handoff-destination-request":
            return {"error": "This call cannot be transferred."}
        case _:
            return {}
