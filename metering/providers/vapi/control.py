"""Speaking in a running call, and ending it, through its control URL.

The URL came in a message and needs no credential, so it is believed only as far as it leads
to Vapi: over https, to a host of theirs, without redirects, within seconds.
"""

from typing import Any
from urllib.parse import urlsplit

from metering.providers.base import Refused
from metering.providers.vapi import answers, http
from metering.providers.vapi.config import VapiConfig

SECONDS_MAX = 3.0


def end(url: str, *, sentence: str, config: VapiConfig) -> None:
    """Let the provider say a sentence and hang up.

    Raises `Refused` if it was not told or does not know the call, `OutcomeUnknown` if it may
    have heard.
    """
    _command(url, answers.end_by_saying(sentence), config)


def say(url: str, *, sentence: str, config: VapiConfig) -> None:
    """Let the provider say a sentence; the call goes on. Raises as `end`."""
    _command(url, answers.say(sentence), config)


def _command(url: str, what: dict[str, Any], config: VapiConfig) -> None:
    if not leads_to_vapi(url, config):
        raise Refused("this is no control URL of Vapi's", status=0, retry=False)
    http.command(url, json=what, seconds_max=SECONDS_MAX)


def leads_to_vapi(url: str, config: VapiConfig) -> bool:
    """Whether a URL is on the list of hosts that calls are controlled at."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if config.stand_in_url and url.startswith(f"{config.stand_in_url}/control/"):
        return ".." not in url
    is_theirs = any(host == one or host.endswith(f".{one}") for one in config.control_hosts)
    is_plain = parts.username is None and port in (None, 443)
    return parts.scheme == "https" and is_theirs and is_plain
