"""What we answer Vapi. Bare objects with status 200: a call is never refused by status code.

Rejecting is `{"error": "<sentence>"}`, which the caller hears; admitting names the assistant
and how long the call may last (Vapi's pages on server events, assistant-request).
"""

from typing import Any

from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.kept import TOKEN_KEY

SERVER_MESSAGES = ("status-update", "end-of-call-report")
# The longest that Vapi takes.
SECONDS_MAX = 43200
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
    server: dict[str, Any] = {"url": config.server_url, "backoffPlan": BACKOFF_PLAN}
    if config.credential_id:
        server["credentialId"] = config.credential_id
    return {
        "assistantId": assistant_id,
        "assistantOverrides": {
            "maxDurationSeconds": min(seconds_max, SECONDS_MAX),
            "serverMessages": list(SERVER_MESSAGES),
            "server": server,
            "metadata": {TOKEN_KEY: token},
        },
    }


def refuse(sentence: str) -> dict[str, Any]:
    """Turn a call away; the caller hears the sentence."""
    return {"error": sentence}


def other(kind: str) -> dict[str, Any]:
    """What a message gets that asks for nothing, or for something we do not do."""
    match kind:
        case "tool-calls":
            return {"results": []}
        case "campaign.predial":
            # Nothing is held for a campaign's call, so none may be dialled.
            return {"eligible": False}
        case "transfer-destination-request" | "handoff-destination-request":
            return {"error": "This call cannot be transferred."}
        case _:
            return {}
