"""What the adapter is given instead of reading settings."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


def _trust_nothing(token: str, call_id: str) -> UUID | None:
    return None


def _placed_nothing(token: str) -> UUID | None:
    return None


@dataclass(frozen=True, slots=True)
class VapiConfig:
    # Several while one is being rolled; none closes the endpoint.
    secrets: tuple[str, ...]
    server_url: str
    # Vapi's own name for what it shall authenticate with at `server_url`; no secret.
    credential_id: str = ""
    # Each part of Vapi's HMAC credential is configurable; these are its defaults.
    signature_header: str = "x-signature"
    timestamp_header: str = "x-timestamp"
    signature_prefix: str = ""
    # Returns whose call it is, by a token that we made ourselves for that call.
    read_token: Callable[[str, str], UUID | None] = _trust_nothing
    # Returns which of the calls that we placed it is, by a token that we made for it.
    read_placement: Callable[[str], UUID | None] = _placed_nothing
    # Hosts (with all below them) whose control URLs are believed.
    control_hosts: tuple[str, ...] = ("vapi.ai",)
    # Of a stand-in on this machine; empty: the real service.
    stand_in_url: str = ""
