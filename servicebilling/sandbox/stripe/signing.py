"""Sign webhooks the way Stripe does: HMAC-SHA256 over the time and the raw body.

The time is real, whatever the clock of the box says: receivers compare it with theirs.
"""

import hashlib
import hmac
from collections.abc import Iterable


def header(body: bytes, secrets: Iterable[str], *, at: int) -> str:
    """Return the Stripe-Signature header, with one signature per secret in force."""
    signatures = (
        hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in secrets
    )
    return f"t={at}," + ",".join(f"v1={signature}" for signature in signatures)
