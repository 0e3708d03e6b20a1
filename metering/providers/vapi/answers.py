"""What we answer Vapi. Bare objects with status 200: a call is never refused by status code.

Rejecting is `{"error": "<sentence>"}`, which the caller hears; admitting names the assistant
and how long the call may last (docs: server events, assistant-request).
"""

from typing import Any

from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.messages import TOKEN_KEY

SERVER_MESSAGES = ("status-update", "end-of-call-report")


def admit(
    *, assistant_id: str, seconds_max: int, token: str, config: VapiConfig
) -> dict[str, Any]:
    """Let a call through, capped, its reports sent to us and nowhere else."""
    return {
        "assistantId": assistant_id,
        "assistantOverrides": {
            "maxDurationSeconds": seconds_max,
            "serverMessages": list(SERVER_MESSAGES),
            "server": {"url": config.server_url},
            "metadata": {TOKEN_KEY: token},
        },
    }


def refuse(sentence: str) -> dict[str, Any]:
    return {"error": sentence}


def other(kind: str) -> dict[str, Any]:
    """What a message gets that asks for nothing, or for something we do not do."""
    match kind:
        case "tool-calls":
            return {"results": []}
        case "campaign.predial":
            # Campaigns that we have not placed are not dialled.
            return {"eligible": False}
        case "transfer-destination-request" | "handoff-destination-request":
            return {"error": "This call cannot be transferred."}
        case _:
            return {}
