"""Remember what a POST answered, and answer the same again under the same key.

Kept for 24 hours of the main clock, errors of an operation among them; after that the key is
as good as new and the same request acts a second time, as at Stripe.
"""

import hashlib

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import ApiError

KEPT_SECONDS = 24 * 3600
KEY_LENGTH_MAX = 255


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()


def recall(box: Box, key: str, *, scope: str, print_of_request: str) -> Row | None:
    """Return what was answered before; raise ApiError when the request was another one."""
    if len(key) > KEY_LENGTH_MAX:
        raise ApiError(
            f"Idempotency keys can be up to {KEY_LENGTH_MAX} characters long.",
            is_kept=False,
        )
    kept = box.answers.get(f"{scope} {key}")
    if kept is None or kept["at"] + KEPT_SECONDS <= box.now():
        return None
    if kept["print"] != print_of_request:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they"
            f" were first used with. Try using a key other than '{key}' if you meant to"
            " execute a different request.",
            kind="idempotency_error",
            is_kept=False,
        )
    return kept


def keep(
    box: Box,
    key: str,
    *,
    scope: str,
    print_of_request: str,
    status: int,
    text: str,
    request_id: str,
) -> None:
    box.answers[f"{scope} {key}"] = {
        "at": box.now(),
        "print": print_of_request,
        "status": status,
        "text": text,
        "request_id": request_id,
    }


def forget_old(box: Box) -> None:
    oldest = box.now() - KEPT_SECONDS
    box.answers = {key: row for key, row in box.answers.items() if row["at"] > oldest}
