"""One HTTP request to Vapi, bounded in time and size; tells a refusal from silence."""

from typing import Any

import httpx

from metering.providers.base import OutcomeUnknown, Refused
from metering.providers.vapi import fetched
from metering.providers.vapi.wire import Malformed, load_any
from servicebilling.lib import certificates

CONNECT_SECONDS_MAX = 3.0
BODY_BYTES_MAX = 64 * 1024 * 1024
# Vapi did not even look at it: later may help.
NOT_NOW = (408, 425, 429)


def ask(
    method: str,
    url: str,
    *,
    headers: dict[str, str],
    seconds_max: float,
    **request: Any,
) -> Any:
    """Return the JSON of a 2xx answer, with exact numbers; redirects are not followed.

    Raises `Refused` if it was certainly not done, `OutcomeUnknown` if it may have been.
    """
    return _read(_send(method, url, headers=headers, seconds_max=seconds_max, **request))


def command(url: str, *, json: dict[str, Any], seconds_max: float) -> None:
    """Post without a credential; whatever a 2xx answer holds is not read. Raises the same."""
    _check(_send("POST", url, headers={}, seconds_max=seconds_max, json=json))


def _send(
    method: str, url: str, *, headers: dict[str, str], seconds_max: float, **request: Any
) -> httpx.Response:
    timeout = httpx.Timeout(seconds_max, connect=min(CONNECT_SECONDS_MAX, seconds_max))
    try:
        return httpx.request(
            method,
            url,
            headers=headers,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            verify=certificates.trusted(),
            **request,
        )
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Refused("Vapi cannot be reached", status=0, retry=True) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OutcomeUnknown(f"no answer: {type(error).__name__}") from error


def _read(answer: httpx.Response) -> Any:
    _check(answer)
    try:
        return load_any(answer.content[:BODY_BYTES_MAX])
    except Malformed as error:
        raise OutcomeUnknown(f"the answer made no sense: {error}") from error


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in NOT_NOW or 300 <= status < 400:
        raise Refused(f"Vapi answered {status}", status=status, retry=True)
    if status >= 500:
        raise OutcomeUnknown(f"Vapi answered {status}")
    if status >= 400:
        said = fetched.complaint(answer.content[:10_000])
        raise Refused(f"Vapi answered {status}: {said}", status=status, retry=False)
