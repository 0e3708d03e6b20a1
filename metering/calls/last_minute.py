"""A running call that must end is told so about a minute before.

When that is due is noted with the message that the call runs; the worker speaks to the provider
afterwards. It is said once at most: a sentence that comes twice, or late, is worse than none.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Value, When

from accounts import settings_history
from accounts.audit import Actor
from accounts.models import Organization
from metering.calls import vapi
from metering.models import Call, Hold, Placement
from metering.providers.base import ProviderError
from metering.providers.vapi import control

BEFORE = timedelta(seconds=60)
# Who may talk for less than this was never promised more.
SECONDS_MAX_LEAST = 120
# Later than this, "a minute" is no longer true.
LATE_MAX = timedelta(seconds=30)
SETTING = "last_minute_words"

log = logging.getLogger(__name__)


def planned(*, running_since: datetime) -> Case:
    """Return what to put into `Hold.last_minute_at` of a call that runs: noted once, for the
    first message that says so. A usage hold has no cap at the provider and gets none."""
    cap = ExpressionWrapper(
        F("seconds_max") * Value(timedelta(seconds=1)), output_field=DateTimeField()
    )
    due = ExpressionWrapper(
        Value(running_since - BEFORE, DateTimeField()) + cap, output_field=DateTimeField()
    )
    return Case(
        When(
            in_progress_at=None,
            kind=Hold.Kind.CALL,
            seconds_max__gte=SECONDS_MAX_LEAST,
            then=due,
        ),
        default=F("last_minute_at"),
    )


def run_due(*, now: datetime, limit: int = 20) -> dict[str, int]:
    """Tell the calls that are due; returns how many were told, were over or too late, have
    nothing to be told, or could not be reached."""
    counts = {"told": 0, "over": 0, "silent": 0, "failed": 0}
    for hold in _claim(now, limit):
        is_late = hold.last_minute_at is None or now - hold.last_minute_at > LATE_MAX
        counts["over" if is_late else _tell(hold, now)] += 1
    return counts


def words_of(organization: Organization, *, now: datetime) -> str:
    """Return what the organization's callers hear; "" if it wants nothing said."""
    words: str = settings_history.value_at(SETTING, organization, now)
    return words


def word(
    organization: Organization, words: str | None, *, actor: Actor, now: datetime
) -> None:
    """Let the organization's callers hear these words, nothing for "", and the platform's
    for None; quiet if it is so already. Raises `InvalidDetail` for what cannot be spoken."""
    wanted = settings_history.clean(SETTING, words, organization)
    if wanted is None or wanted != words_of(organization, now=now):
        settings_history.set_value(
            SETTING, wanted, organization=organization, actor=actor, now=now
        )


def _claim(now: datetime, limit: int) -> list[Hold]:
    """Return the holds that are due, each to one worker and never again."""
    due = Hold.objects.filter(state=Hold.State.OPEN, last_minute_at__lte=now)
    with transaction.atomic():
        locked = due.select_for_update(skip_locked=True, no_key=True, of=("self",))
        holds = list(
            locked.select_related("organization").order_by("last_minute_at")[:limit]
        )
        Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(last_minute_at=None)
    return holds


def _has_cap(call: Call, hold: Hold) -> bool:
    """Whether the provider was told how long the call may last: not so for one that never
    asked, and not for a campaign's, which asks about the contact alone."""
    of_campaign = Placement.objects.filter(hold=hold, kind=Placement.Kind.CAMPAIGN)
    return not call.is_unadmitted and not of_campaign.exists()


def _tell(hold: Hold, now: datetime) -> str:
    provider, call_id = hold.reference.split(":", 1)
    call = Call.objects.filter(
        organization=hold.organization_id, provider=provider, provider_call_id=call_id
    ).first()
    if call is None or call.ended_at is not None or not _has_cap(call, hold):
        return "over"
    words = words_of(hold.organization, now=now)
    if not words:
        return "silent"
    try:
        control.say(hold.control_url, sentence=words, config=vapi.config())
    except ProviderError as error:
        log.warning("call %s could not be told of its end: %s", call.pk, error)
        return "failed"
    Hold.objects.filter(pk=hold.pk).update(last_minute_told_at=now)
    return "told"
