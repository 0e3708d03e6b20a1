"""What is kept of a message: an allow-list of fields, at the paths where Vapi sends them.

Ids, type, status, times, reason, cost, the two numbers and our own token; never texts of
the call, prompts, secrets or URLs. Meaning is read from what is kept and from nothing else,
so a message that is processed again later means what it meant when it came.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from metering.providers.vapi import wire
from metering.providers.vapi.wire import UNUSABLE, Kept, Malformed

# Under this name our signed token travels in a call's metadata.
TOKEN_KEY = "servicebilling"  # noqa: S105

_words_100 = partial(wire.words, length_max=100)
_token = partial(wire.words, length_max=500)

FIELDS: dict[str, Callable[[Any], Any]] = {
    "type": partial(wire.identifier, length_max=60),
    "status": partial(wire.identifier, length_max=40),
    "timestamp": wire.moment,
    "startedAt": wire.moment,
    "endedAt": wire.moment,
    "endedReason": wire.words,
    "durationMs": wire.number,
    "durationSeconds": wire.number,
    "cost": wire.number,
    "costBreakdown": wire.parts,
    "call.id": wire.identifier,
    "call.type": wire.words,
    "call.phoneNumberId": wire.identifier,
    "call.assistantId": wire.identifier,
    "call.startedAt": wire.moment,
    "call.endedAt": wire.moment,
    "call.customer.number": _words_100,
    f"call.metadata.{TOKEN_KEY}": _token,
    f"call.assistantOverrides.metadata.{TOKEN_KEY}": _token,
    "phoneNumber.id": wire.identifier,
    "phoneNumber.number": _words_100,
    "customer.number": _words_100,
    "customer.sipUri": _words_100,
    "assistant.id": wire.identifier,
    "toolCallList": wire.tool_calls,
    "campaignId": wire.identifier,
    "call.campaignId": wire.identifier,
    "contact.id": wire.identifier,
    "contact.number": _words_100,
}


def keep(message: dict[str, Any]) -> Kept:
    """Return the allow-listed fields of a message; marks stand for what is unusable."""
    kept: Kept = {}
    for path, clean in FIELDS.items():
        place, value = _cleaned(message, path.split("."), clean)
        if value:
            *parents, name = place
            target = kept
            for parent in parents:
                target = target.setdefault(parent, {})
            target[name] = value
    return kept


def _cleaned(
    message: dict[str, Any], path: list[str], clean: Callable[[Any], Any]
) -> tuple[list[str], Any]:
    """Return what may be kept at a path; if something else than an object stands in the
    way, its own path and a mark."""
    found: Any = message
    for depth, part in enumerate(path):
        if not isinstance(found, dict):
            return path[:depth], None if found is None else wire.unusable(found)
        found = found.get(part)
    return path, clean(found)


def fact(kept: Kept, *paths: str) -> str:
    """Return the first of the fields that there is, "" for none. Raises `Malformed` at one
    that cannot be used: no decision rests on a guess."""
    for path in paths:
        found = _at(kept, path)
        if isinstance(found, dict):
            raise Malformed(f"`{path}` cannot be used: {found.get(UNUSABLE)}")
        if found:
            return str(found)
    return ""


def note(kept: Kept, *paths: str) -> str:
    """The same for what only describes: the unusable counts as missing."""
    for path in paths:
        found = _at(kept, path)
        if isinstance(found, str) and found:
            return found
    return ""


def _at(kept: Kept, path: str) -> Any:
    found: Any = kept
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        if UNUSABLE in found:
            return found
        found = found.get(part)
    return found
