"""Headers that vouch for a webhook's body, made as the sender makes them."""

import base64
import hashlib
import hmac
from datetime import datetime

VAPI_SECRET = "test-secret"


def vapi_secret(secret: str = VAPI_SECRET) -> dict[str, str]:
    return {"X-Vapi-Secret": secret}


def vapi_bearer(secret: str = VAPI_SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def vapi_signature(
    body: bytes,
    *,
    at: datetime | None,
    secret: str = VAPI_SECRET,
    in_milliseconds: bool = False,
    as_base64: bool = False,
    prefix: str = "",
    signature_header: str = "x-signature",
    timestamp_header: str = "x-timestamp",
) -> dict[str, str]:
    """An HMAC credential's headers; without a time, over the body alone."""
    headers = {}
    signed = body
    if at is not None:
        timestamp = str(int(at.timestamp() * (1000 if in_milliseconds else 1)))
        headers[timestamp_header] = timestamp
        signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    shown = base64.b64encode(digest).decode() if as_base64 else digest.hex()
    return headers | {signature_header: prefix + shown}
