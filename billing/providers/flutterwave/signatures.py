"""Is a webhook Flutterwave's? It signs the raw body with the secret hash (base64 of
HMAC-SHA256 in `flutterwave-signature`), or sends the hash as it is (`verif-hash`), which binds
no body: what a webhook says is therefore never believed, only looked up."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from billing.providers.base import NotConfigured, SignatureRefused

SIGNATURE, HASH = "flutterwave-signature", "verif-hash"
MODES = ("auto", "hmac", "hash")


def check(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], mode: str = "auto"
) -> None:
    """Raise `SignatureRefused`, and `NotConfigured` when nothing could be checked with."""
    if not secrets or (mode or "auto") not in MODES:
        raise NotConfigured
    signature = headers.get(SIGNATURE, "")
    signs = mode == "hmac" or (mode != "hash" and bool(signature))
    given = (signature if signs else headers.get(HASH, "")).encode()
    # Every secret is compared, and each comparison takes its full time.
    matches = [
        hmac.compare_digest(given, _signed(body, secret) if signs else secret.encode())
        for secret in secrets
    ]
    if not given or not any(matches):
        raise SignatureRefused


def _signed(body: bytes, secret: str) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
