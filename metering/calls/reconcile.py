"""The provider's list of calls against ours. What we missed is settled by the same handler
as a report; what cannot be settled is kept as a row for staff."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Q

from metering.calls import asking, vapi, walking
from metering.models import Call, CallDifference, Reconciliation
from metering.providers.base import FetchedCall, ProviderError

PROVIDER = "vapi"
# A call changes after we looked; the list and our clock differ a little.
OVERLAP = timedelta(minutes=30)
# What is younger may not be in the provider's list yet, or still on its way to us.
SETTLING = timedelta(minutes=10)
FIRST_SINCE = timedelta(hours=24)
KEPT = timedelta(days=35)
CHUNK = 200

Result = CallDifference.Result
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Compared:
    """How many calls of a kind there were; `settled` of them were charged because of it."""

    both: int = 0
    theirs_only: int = 0
    ours_only: int = 0
    different: int = 0
    settled: int = 0
    # Of those that somebody should look at.
    unresolved: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    result: str
    theirs: dict[str, Any]
    ours: dict[str, Any]


def run(
    *,
    since: datetime,
    now: datetime,
    dry_run: bool = False,
    told: Callable[[int], None] = lambda _: None,
) -> Compared:
    """Compare all calls that changed since then. A dry run counts and changes nothing.

    Raises `ProviderError` if the provider does not answer (then what was compared is kept),
    `ProviderNotSetUp`.
    """
    client = vapi.client()
    kept = Reconciliation(provider=PROVIDER, since=since, until=now, started_at=now)
    if not dry_run:
        kept.save()
    compared, seen = Compared(), set[str]()
    try:
        listed = walking.walk(client, updated_since=since - OVERLAP, now=now)
        while chunk := list(islice(listed, CHUNK)):
            seen.update(one.call_id for one in chunk)
            _compare(chunk, compared, now=now, dry_run=dry_run)
            told(len(seen))
        for call in _ours_only(since, now, seen):
            _note_ours_only(call, compared, now=now, dry_run=dry_run)
        kept.finished_at = now
    except ProviderError as error:
        kept.error = str(error)[:300]
        raise
    finally:
        if not dry_run:
            counts = asdict(compared)
            counts.pop("unresolved")
            for name, count in counts.items():
                setattr(kept, name, count)
            kept.save()
    return compared


def next_since(*, now: datetime) -> datetime:
    """Where the next comparison begins: where the last whole one began."""
    last = Reconciliation.objects.filter(provider=PROVIDER, finished_at__isnull=False)
    newest = last.order_by("-started_at").first()
    return newest.started_at if newest else now - FIRST_SINCE


def purge(*, now: datetime) -> int:
    """Forget old runs and settled differences; returns how many."""
    runs = Reconciliation.objects.filter(started_at__lt=now - KEPT)
    settled = CallDifference.objects.filter(resolved_at__lt=now - KEPT)
    return runs.delete()[0] + settled.delete()[0]


def _compare(
    chunk: Iterable[FetchedCall], compared: Compared, *, now: datetime, dry_run: bool
) -> None:
    fetched = {one.call_id: one for one in chunk}
    ours = {
        call.provider_call_id: call
        for call in Call.objects.filter(
            provider=PROVIDER, provider_call_id__in=list(fetched)
        )
    }
    alike = []
    for call_id, theirs in fetched.items():
        found = _difference(theirs, ours.get(call_id))
        if found is None:
            compared.both += 1
            alike.append(call_id)
            continue
        if found.result == Result.THEIRS_ONLY:
            compared.theirs_only += 1
        else:
            compared.different += 1
        if not dry_run:
            _mend(theirs, found, compared, now=now)
    if not dry_run:
        CallDifference.objects.filter(
            provider=PROVIDER, provider_call_id__in=alike, resolved_at=None
        ).update(resolved_at=now, last_seen_at=now)


def _difference(theirs: FetchedCall, ours: Call | None) -> _Found | None:
    """What the two sides do not agree on; None if they do, as far as it matters."""
    if theirs.report is None and theirs.status is None:
        return _Found(Result.DIFFERENT, {"problem": theirs.problem}, _told(ours))
    if theirs.status is not None:
        is_running = theirs.status.status == "in-progress"
        lacks = ours is None and is_running
        return _Found(Result.THEIRS_ONLY, _said(theirs), {}) if lacks else None
    if ours is None:
        return _Found(Result.THEIRS_ONLY, _said(theirs), {})
    report = theirs.report
    if report is None or (
        ours.status == Call.Status.REFUSED and not report.duration_seconds
    ):
        return None
    is_settled = ours.revision > 0 and ours.status != Call.Status.ESTIMATED
    same_length = ours.duration_seconds == report.duration_seconds
    if is_settled and same_length:
        return None
    return _Found(Result.DIFFERENT, _said(theirs), _told(ours))


def _mend(theirs: FetchedCall, found: _Found, compared: Compared, *, now: datetime) -> None:
    try:
        outcome = asking.act_on(theirs, now=now)
    except Exception as error:
        # One that cannot be settled must not keep the others from it.
        log.exception("call %s could not be settled", theirs.call_id)
        outcome = f"failed: {type(error).__name__}"
    if outcome in ("charged", "superseded"):
        compared.settled += 1
    is_settled = outcome in ("charged", "superseded", "already", "refused", "held_late")
    if not is_settled:
        compared.unresolved.append(theirs.call_id)
    _keep(theirs.call_id, found, outcome=outcome, is_settled=is_settled, now=now)


def _ours_only(since: datetime, now: datetime, seen: set[str]) -> Iterator[Call]:
    """Calls of ours in that time that the provider did not list."""
    known = Call.objects.filter(
        # One that was asked for and has no name yet is the sweeper's.
        Q(placement__isnull=True) | Q(placement__state="placed"),
        provider=PROVIDER,
        created_at__gte=since,
        created_at__lt=now - SETTLING,
        status__in=[Call.Status.ACTIVE, Call.Status.COMPLETED, Call.Status.ESTIMATED],
    )
    if vapi.is_stand_in():
        known = known.filter(placement__isnull=False)
    for call in known.order_by("created_at").iterator():
        if call.provider_call_id not in seen:
            yield call


def _note_ours_only(
    call: Call, compared: Compared, *, now: datetime, dry_run: bool
) -> None:
    compared.ours_only += 1
    compared.unresolved.append(call.provider_call_id)
    if not dry_run:
        found = _Found(Result.OURS_ONLY, {}, _told(call))
        _keep(call.provider_call_id, found, outcome="", is_settled=False, now=now)


def _keep(
    call_id: str, found: _Found, *, outcome: str, is_settled: bool, now: datetime
) -> None:
    organization_id = (
        Call.objects.filter(provider=PROVIDER, provider_call_id=call_id)
        .values_list("organization_id", flat=True)
        .first()
    )
    known = {
        "organization_id": organization_id,
        "result": found.result,
        "theirs": found.theirs,
        "ours": found.ours,
        "outcome": outcome[:300],
        "last_seen_at": now,
        "resolved_at": now if is_settled else None,
    }
    CallDifference.objects.update_or_create(
        provider=PROVIDER,
        provider_call_id=call_id,
        defaults=known,
        create_defaults=known | {"first_seen_at": now},
    )


def _said(theirs: FetchedCall) -> dict[str, Any]:
    report = theirs.report
    if report is None:
        return {"status": theirs.status.status if theirs.status else ""}
    return {
        "status": "ended",
        "duration_seconds": report.duration_seconds,
        "cost": None if report.cost is None else str(report.cost),
        "ended_reason": report.ended_reason,
    }


def _told(ours: Call | None) -> dict[str, Any]:
    if ours is None:
        return {}
    return {
        "status": ours.status,
        "duration_seconds": ours.duration_seconds,
        "cost": None if ours.cost is None else str(ours.cost),
    }
