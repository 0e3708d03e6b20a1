"""Is a message really Vapi's? Constant time, over the raw bytes, closed without a secret.

Vapi sends what the operator attached to the server URL: the secret itself in `X-Vapi-Secret`
or as a bearer token, or an HMAC of `{timestamp}.{body}` (Vapi's page on server
authentication). Headers may hold any bytes; none makes this raise anything but the two.
"""

import base64
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
    if not (shows_secret(headers, config) or is_signed(body, headers, config, now=now)):
        raise SignatureRefused


def shows_secret(headers: Mapping[str, str], config: VapiConfig) -> bool:
    """Whether the headers hold a secret itself. Raises `NotConfigured`."""
    shown = [_bytes(headers.get("x-vapi-secret", "")), _bearer(headers)]
    # All are compared, so that the time tells nothing of which one came near.
    matches = [
        hmac.compare_digest(secret, one) for secret in _secrets(config) for one in shown
    ]
    return any(matches)


def claims_signature(headers: Mapping[str, str], config: VapiConfig) -> bool:
    """Whether there is something in the signature's shape, right or wrong."""
    return _signature(headers, config) is not None


def is_signed(
    body: bytes, headers: Mapping[str, str], config: VapiConfig, *, now: datetime
) -> bool:
    """Whether the body carries an HMAC made lately. Raises `NotConfigured`."""
    secrets = _secrets(config)
    signature = _signature(headers, config)
    timestamp = headers.get(config.timestamp_header, "")
    if signature is None or (timestamp and not _is_recent(timestamp, now)):
        return False
    signed = timestamp.encode() + b"." + body if timestamp else body
    matches = [
        hmac.compare_digest(hmac.digest(secret, signed, hashlib.sha256), signature)
        for secret in secrets
    ]
    return any(matches)


def _secrets(config: VapiConfig) -> list[bytes]:
    secrets = [secret.encode() for secret in config.secrets if secret]
    if not secrets:
        raise NotConfigured
    return secrets


def _bearer(headers: Mapping[str, str]) -> bytes:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return _bytes(token.strip()) if scheme.lower() == "bearer" else b""


def _signature(headers: Mapping[str, str], config: VapiConfig) -> bytes | None:
    """The 32 bytes of a SHA-256 signature, in hex or base64; None for anything else."""
    shown = headers.get(config.signature_header, "")
    if not shown.startswith(config.signature_prefix):
        return None
    shown = shown.removeprefix(config.signature_prefix)
    try:
        if len(shown) == 64:
            return bytes.fromhex(shown)
        if len(shown) == 44:
            return base64.b64decode(shown, validate=True)
    except ValueError:
        pass
    return None


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 16):
        return False
    sent = int(timestamp)
    seconds = sent / 1000 if sent >= MILLISECONDS_FROM else sent
    return abs(now.timestamp() - seconds) <= WINDOW_SECONDS


def _bytes(text: str) -> bytes:
    """A header as it came: WSGI hands its bytes over as latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b""
