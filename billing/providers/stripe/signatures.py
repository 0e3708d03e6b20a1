"""Whether Stripe signed a webhook, decided over its raw bytes.

The SDK's own check takes one secret, lets a time in the future pass and stumbles over bytes
that are no text; the scheme is HMAC-SHA256 over `time.body` with the whole secret.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from billing.providers.answers import SignedEvent
from billing.providers.base import NotConfigured, SignatureRefused
from servicebilling.lib import strict_json

HEADER = "stripe-signature"
# Stripe's own tolerance, here in both directions.
TOLERANCE_SECONDS = 300
# A notice without the object; what it says is fetched.
THIN = "v2.core.event"
_TIME = re.compile(r"[0-9]{1,12}")
_SUM = re.compile(r"[0-9a-f]{64}")
# NUL as JSON writes it, not a backslash followed by the letters.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def verify(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], now: datetime
) -> SignedEvent:
    """Return the event of a webhook that one of the secrets signed within five minutes.

    Raises `NotConfigured` without a secret, `SignatureRefused`, and `ValueError` for signed
    bytes that are no event.
    """
    secrets = [secret for secret in secrets if secret.strip()]
    if not secrets:
        raise NotConfigured("STRIPE_WEBHOOK_SECRET is not set.")
    signed_at, sums = _parts(_header(headers))
    if abs(now.timestamp() - signed_at) > TOLERANCE_SECONDS:
        raise SignatureRefused("The webhook was signed at another time.")
    expected = [_sum(secret, signed_at, body) for secret in secrets]
    # Every pair is compared, so that the time it takes tells nothing.
    matches = [hmac.compare_digest(one, given) for one in expected for given in sums]
    if not any(matches):
        raise SignatureRefused("No signature matches.")
    return _event(body)


def _header(headers: Mapping[str, str]) -> str:
    given = [value for name, value in headers.items() if name.lower() == HEADER]
    if len(given) != 1:
        raise SignatureRefused("There is no Stripe-Signature header.")
    return given[0]


def _parts(header: str) -> tuple[int, list[str]]:
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in pairs if name == "t" and _TIME.fullmatch(value)]
    sums = [value for name, value in pairs if name == "v1" and _SUM.fullmatch(value)]
    if len(times) != 1 or not sums:
        raise SignatureRefused("The Stripe-Signature header is malformed.")
    return int(times[0]), sums


def _sum(secret: str, signed_at: int, body: bytes) -> str:
    message = f"{signed_at}.".encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _event(body: bytes) -> SignedEvent:
    try:
        event = json.loads(body.decode(), parse_constant=strict_json.refuse_constant)
        _refuse_unwritable(event)
    except RecursionError as error:
        raise ValueError("The body is nested too deeply.") from error
    if not isinstance(event, dict) or event.get("object") not in ("event", THIN):
        raise ValueError("The body is no event.")
    data = event.get("data")
    has_object = isinstance(data, dict) and isinstance(data.get("object"), dict)
    if event["object"] != THIN and not has_object:
        raise ValueError("The event has no object.")
    return SignedEvent(
        id=_word(event, "id"),
        type=_word(event, "type"),
        body=event,
        api_version=str(event.get("api_version") or ""),
        is_live=event.get("livemode") is True,
    )


def _word(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise ValueError(f"The event has no {name}.")
    return value


def _refuse_unwritable(event: object) -> None:
    """The database keeps neither NUL nor half of a surrogate pair."""
    text = json.dumps(event, ensure_ascii=False)
    text.encode()
    if _NUL.search(text):
        raise ValueError("The body has a character that cannot be stored.")
