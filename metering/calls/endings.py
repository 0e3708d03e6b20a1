"""Running calls that nothing pays for: told to end, if their organization wants that.

Noted with the message that told of the call; the worker speaks to the provider afterwards,
outside of any transaction.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from accounts import settings_history
from metering.calls import refusals, vapi
from metering.models import Call, CallEnding
from metering.providers.base import ProviderError
from metering.providers.vapi import control

# Rules that say nothing pays, or nobody shall call; a busy line is no reason to hang up.
ENDED_FOR = {
    "no_minutes",
    "overage_limit",
    "wallet_empty",
    "credit_limit",
    "past_due",
    "no_plan",
    "suspended",
    "closed",
}
ATTEMPTS_MAX = 5
# While one attempt runs, no other begins.
LEASE = timedelta(seconds=8)
BACKOFF_FIRST = timedelta(seconds=1)

log = logging.getLogger(__name__)


def note(call: Call, *, control_url: str, now: datetime) -> bool:
    """Note that a refused call that runs all the same shall be ended; True if it shall.

    Within the transaction that told of it.
    """
    if call.refusal not in ENDED_FOR or not control_url:
        return False
    wanted = settings_history.value_at("end_unadmitted_calls", call.organization, now)
    if not wanted:
        return False
    _, is_new = CallEnding.objects.get_or_create(
        call=call,
        defaults={
            "organization_id": call.organization_id,
            "rule": call.refusal,
            "sentence": refusals.text(
                call.refusal,
                agent_text=call.agent.refusal_text if call.agent else "",
                organization_id=call.organization_id,
                now=now,
            ),
            "control_url": control_url,
            "next_attempt_at": now,
            "created_at": now,
        },
    )
    return is_new


def run_due(*, now: datetime, limit: int = 50) -> dict[str, int]:
    """End the calls that are due; returns how many were ended, over anyway, or not ended."""
    counts = {"ended": 0, "over": 0, "failed": 0}
    for ending in _claim(now, limit):
        counts[_end(ending, now)] += 1
    return counts


def _claim(now: datetime, limit: int) -> list[CallEnding]:
    due = CallEnding.objects.filter(next_attempt_at__lte=now)
    with transaction.atomic():
        locked = due.select_for_update(skip_locked=True).order_by("next_attempt_at")
        ids = list(locked.values_list("pk", flat=True)[:limit])
        CallEnding.objects.filter(pk__in=ids).update(
            attempts=F("attempts") + 1, next_attempt_at=now + LEASE
        )
    return list(CallEnding.objects.filter(pk__in=ids).select_related("call"))


def _end(ending: CallEnding, now: datetime) -> str:
    if ending.call.ended_at is not None or ending.call.revision:
        _close(ending, error="the call was over")
        return "over"
    try:
        control.end(ending.control_url, sentence=ending.sentence, config=vapi.config())
    except ProviderError as error:
        log.error("call %s could not be ended: %s", ending.call_id, error)
        _retry_later(ending, error, now)
        return "failed"
    ending.ended_at = now
    _close(ending, error="")
    return "ended"


def _close(ending: CallEnding, *, error: str) -> None:
    ending.control_url, ending.next_attempt_at, ending.error = "", None, error
    ending.save(update_fields=["control_url", "next_attempt_at", "ended_at", "error"])


def _retry_later(ending: CallEnding, error: ProviderError, now: datetime) -> None:
    if not error.retry or ending.attempts >= ATTEMPTS_MAX:
        _close(ending, error=str(error)[:300])
        return
    ending.error = str(error)[:300]
    ending.next_attempt_at = now + BACKOFF_FIRST * 2 ** (ending.attempts - 1)
    ending.save(update_fields=["error", "next_attempt_at"])
