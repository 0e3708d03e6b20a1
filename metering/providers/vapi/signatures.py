"""Is a message really Vapi's? Constant time, over the raw bytes, closed without a secret.

Vapi sends what the operator attached to the server URL: the secret itself in `X-Vapi-Secret`
or as a bearer token, or an HMAC of `{timestamp}.{body}` (docs: server authentication).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from metering.providers.vapi.config import VapiConfig

WINDOW_SECONDS = 300
# A number this large counts milliseconds: as seconds it would lie after the year 5000.
MILLISECONDS_FROM = 100_000_000_000


class NotConfigured(Exception):
    """No secret is set: nothing can be verified, so nothing is accepted."""


class SignatureRefused(Exception):
    """Nothing in the headers proves that Vapi sent this."""


def verify(
    body: bytes, headers: Mapping[str, str], config: VapiConfig, *, now: datetime
) -> None:
    """Return if one of the configured secrets vouches for the body.

    Raises `NotConfigured`, `SignatureRefused`.
    """
    secrets = [secret.encode() for secret in config.secrets if secret]
    if not secrets:
        raise NotConfigured
    shown = [_bytes(headers.get("x-vapi-secret", "")), _bearer(headers)]
    matches = [
        hmac.compare_digest(secret, one) for secret in secrets for one in shown if one
    ]
    if any(matches) or _is_signed(body, headers, config, secrets, now):
        return
    raise SignatureRefused


def _bearer(headers: Mapping[str, str]) -> bytes:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return _bytes(token.strip()) if scheme.lower() == "bearer" else b""


def _is_signed(
    body: bytes,
    headers: Mapping[str, str],
    config: VapiConfig,
    secrets: list[bytes],
    now: datetime,
) -> bool:
    shown = headers.get(config.signature_header, "").removeprefix(config.signature_prefix)
    signature = _digest(shown)
    if signature is None:
        return False
    signed = body
    timestamp = headers.get(config.timestamp_header, "")
    if timestamp:
        if not _is_recent(timestamp, now):
            return False
        signed = _bytes(timestamp) + b"." + body
    matches = [
        hmac.compare_digest(hmac.digest(secret, signed, hashlib.sha256), signature)
        for secret in secrets
    ]
    return any(matches)


def _digest(shown: str) -> bytes | None:
    """The 32 bytes of a SHA-256 signature, in hex or base64; None for anything else."""
    try:
        if len(shown) == 64:
            return bytes.fromhex(shown)
        if len(shown) == 44:
            return base64.b64decode(shown, validate=True)
    except (ValueError, binascii.Error):
        pass
    return None


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        return False
    sent = int(timestamp)
    seconds = sent / 1000 if sent >= MILLISECONDS_FROM else sent
    return abs(now.timestamp() - seconds) <= WINDOW_SECONDS


def _bytes(text: str) -> bytes:
    # WSGI hands headers over as latin-1; others may hold anything.
    return text.encode("utf-8", "surrogateescape")
