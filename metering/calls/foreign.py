"""Calls that other systems carry: an agent of one's own, LiveKit, ElevenLabs. They ask the
gate and are charged like every call; only who measures them differs.

A system names its calls itself, so the names of two organizations may be the same: they are
kept apart by the organization in front. A call of our own telephony provider keeps the name
it has there, so that it is the same call by whatever way it is told of.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from accounts.models import Organization
from metering.calls import gate, journal
from metering.calls.gate import Admission
from metering.calls.settle import settle
from metering.errors import MeteringError
from metering.models import Call, Hold
from metering.providers.base import CallRef, CallReport, CallRequest

# Their calls come by webhook; what anybody else says of them would be believed first.
OUR_TELEPHONY = frozenset({"vapi"})
CALL_ID_LENGTH_MAX = 120


class NoSuchHold(MeteringError):
    code = "not_found"
    status = 404
    message = "Not found."


class CallClosed(MeteringError):
    code = "hold_closed"
    message = "This call was settled already, with another length."


class CallOfAnother(MeteringError):
    code = "not_found"
    status = 404
    message = "Not found."


@dataclass(frozen=True, slots=True)
class Charged:
    """What became of a call's report; `outcome` as of `metering.calls.charging`."""

    outcome: str
    call: Call


def ask(
    organization: Organization, *, provider: str, call_id: str, now: datetime
) -> Admission:
    """May this call begin? Holds minutes for it; asked again, the same answer."""
    ref = reference(organization, provider=provider, call_id=call_id)
    since = time.perf_counter()
    admission = gate.admit(CallRequest(ref=ref, at=now), now=now)
    return journal.decided(admission, ref, since=since)


def report(
    organization: Organization,
    *,
    provider: str,
    call_id: str,
    seconds: int | None,
    now: datetime,
) -> Charged:
    """Charge a call that lasted `seconds`, None: it never began. Once, whoever tells of it.

    Raises CallOfAnother if the provider's call is another organization's.
    """
    ref = reference(organization, provider=provider, call_id=call_id)
    _demand_own(organization, ref)
    told = CallReport(
        ref=ref,
        at=now,
        started_at=None if seconds is None else now - timedelta(seconds=seconds),
        ended_at=now,
        duration_seconds=seconds,
    )
    since = time.perf_counter()
    (settled,) = settle([told], now=now)
    journal.settled(settled, ref, since=since)
    if settled.call_id is None or settled.organization_id != organization.pk:
        raise CallOfAnother
    call = Call.objects.get(organization=organization, pk=settled.call_id)
    return Charged(settled.outcome, call)


def settle_hold(
    organization: Organization, *, hold_id: UUID, seconds: int | None, now: datetime
) -> Charged:
    """Charge the call of a hold, None: let it go unused; again with the same changes nothing.

    Raises NoSuchHold (also for a call of our telephony), CallClosed.
    """
    hold = find_hold(organization, hold_id)
    provider, call_id = hold.reference.split(":", 1)
    call_id = call_id.removeprefix(f"{organization.pk}:")
    if _is_closed(organization, hold, seconds):
        raise CallClosed
    charged = report(
        organization, provider=provider, call_id=call_id, seconds=seconds, now=now
    )
    if charged.outcome == "conflicting":
        raise CallClosed
    return charged


def find_hold(organization: Organization, hold_id: UUID) -> Hold:
    """Return the hold of a call that another system carries. Raises NoSuchHold."""
    hold = Hold.objects.filter(
        organization=organization, pk=hold_id, kind=Hold.Kind.CALL
    ).first()
    if hold is None or hold.reference.split(":", 1)[0] in OUR_TELEPHONY:
        raise NoSuchHold
    return hold


def seconds_of(minutes: Decimal) -> int:
    """Whole seconds, rounded up once."""
    return int((minutes * 60).to_integral_value(ROUND_CEILING))


def reference(organization: Organization, *, provider: str, call_id: str) -> CallRef:
    is_ours = provider in OUR_TELEPHONY
    return CallRef(
        provider=provider,
        call_id=call_id if is_ours else f"{organization.pk}:{call_id}",
        trusted_organization_id=organization.pk,
        # Nobody's number was called: it needs no assistant that answers.
        direction="web",
    )


def _is_closed(organization: Organization, hold: Hold, seconds: int | None) -> bool:
    """Asked before, so that a mere repetition flags no conflict on the call."""
    provider, call_id = hold.reference.split(":", 1)
    call = Call.objects.filter(
        organization=organization, provider=provider, provider_call_id=call_id
    ).first()
    return (
        call is not None
        and call.status in (Call.Status.COMPLETED, Call.Status.FAILED)
        and call.revision > 0
        and call.duration_seconds != seconds
    )


def _demand_own(organization: Organization, ref: CallRef) -> None:
    foreign = Call.objects.filter(
        provider=ref.provider, provider_call_id=ref.call_id
    ).exclude(organization=organization)
    held = Hold.objects.filter(reference=f"{ref.provider}:{ref.call_id}").exclude(
        organization=organization
    )
    if foreign.exists() or held.exists():
        raise CallOfAnother
