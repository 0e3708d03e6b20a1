"""`Idempotency-Key`: a program that asks again, not knowing whether it was heard, gets the
answer of the first time and the act happens once.

A view calls `answer_once` after it has checked access, so that nobody is told another's
answer. Without the header nothing is kept.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import InvalidDetail, KeyInUse, KeyOfAnotherRequest
from accounts.models import IdempotentRequest, Organization

HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 255
KEPT = timedelta(hours=24)
# Far beyond any time-out of ours: whoever held the key by then has died.
ABANDONED_AFTER = timedelta(minutes=5)


def answer_once(
    request: Request,
    organization: Organization | None,
    act: Callable[[], Response],
    *,
    now: datetime,
) -> Response:
    """Return what `act` answers, or what it answered to the same request before.

    `organization` is None where staff ask for something of the platform itself.
    A refusal is not kept: it changed nothing, and asking again may succeed. Raises
    `InvalidDetail` for a key that cannot be used, `KeyOfAnotherRequest` where the key came
    with another body or path, and `KeyInUse` while the first request is still running.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= KEY_LENGTH_MAX:
        raise InvalidDetail(f"{HEADER} takes 1 to {KEY_LENGTH_MAX} printable characters.")
    claim = _claim(organization, key, _fingerprint(request), now)
    if claim.status is not None:
        return Response(claim.answer, status=claim.status)
    mine = IdempotentRequest.objects.filter(pk=claim.pk, claimed_at=claim.claimed_at)
    try:
        response = act()
    except BaseException:
        mine.delete()
        raise
    if response.status_code >= 400:
        mine.delete()
    else:
        mine.update(status=response.status_code, answer=_plain(response.data))
    return response


def name_of(request: Request, organization: Organization) -> UUID | None:
    """Return an id that the request's key stands for in the organization, always the same;
    None without one.

    For an act that keeps it with what it did, so that it happens once also where the process
    died before the answer was kept.
    """
    key = request.headers.get(HEADER)
    return uuid5(organization.pk, key) if key else None


def purge(*, now: datetime) -> int:
    """Forget keys after a day; returns how many."""
    deleted, _ = IdempotentRequest.objects.filter(claimed_at__lt=now - KEPT).delete()
    return deleted


def _claim(
    organization: Organization | None, key: str, fingerprint: str, now: datetime
) -> IdempotentRequest:
    found, is_ours = IdempotentRequest.objects.get_or_create(
        organization=organization,
        key=key,
        defaults={"fingerprint": fingerprint, "claimed_at": now},
    )
    if is_ours:
        return found
    if found.fingerprint != fingerprint:
        raise KeyOfAnotherRequest
    if found.status is not None:
        return found
    if found.claimed_at > now - ABANDONED_AFTER:
        raise KeyInUse
    taken = IdempotentRequest.objects.filter(
        pk=found.pk, claimed_at=found.claimed_at, status=None
    )
    if not taken.update(claimed_at=now):
        raise KeyInUse
    found.claimed_at = now
    return found


def _fingerprint(request: Request) -> str:
    said = json.dumps(request.data, sort_keys=True, default=str)
    whole = f"{request.method} {request.path}\n{said}"
    return hashlib.sha256(whole.encode()).hexdigest()


def _plain(data: Any) -> Any:
    return json.loads(JSONRenderer().render(data))
