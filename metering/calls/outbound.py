"""Placing calls and opening web calls: gate, hold, commit, and only then the provider.

A call is dialled at most once per idempotency key. Where the provider's answer is lost, the
minutes stay held and the provider is asked before anybody is called again.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError

from accounts.models import Organization
from metering.calls import asking, destinations, placements, tokens, vapi
from metering.errors import (
    CallRefused,
    KeyReused,
    NothingToCallWith,
    PlacingFailed,
    PlacingUnclear,
)
from metering.models import Agent, PhoneNumber, Placement
from metering.providers.base import OutcomeUnknown, Placing, ProviderError, Refused

# So long after we asked, a call that the provider's list does not show is none.
LOST_AFTER = timedelta(seconds=60)
REFUSALS = {
    "no_minutes": "No minutes are left.",
    "overage_limit": "The limit of overage is reached.",
    "wallet_empty": "The wallet is empty.",
    "credit_limit": "The credit limit is reached.",
    "past_due": "A payment is due.",
    "no_plan": "There is no plan and no minutes are left.",
    "too_many_calls": "Too many calls run at once.",
    "suspended": "The organization is suspended.",
    "closed": "The organization is closed.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to call with, and whom. `says` replaces the agent by one sentence."""

    kind: str
    agent: Agent | None
    number: PhoneNumber | None = None
    call_to: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A call that the provider has. `join_url`: where the browser of a web call joins."""

    call_id: UUID
    provider_call_id: str
    seconds_max: int
    join_url: str = ""


def place(
    organization: Organization,
    wanted: Wanted,
    *,
    idempotency_key: str = "",
    now: datetime,
) -> Placed:
    """Dial, or open a web call, through the gate.

    Raises `DestinationRefused`, `CallRefused` (nothing can pay), `PlacingFailed` (nothing is
    held), `PlacingUnclear` (it may ring; held until the provider tells), `KeyReused`,
    `ProviderNotSetUp`.
    """
    vapi.client()
    # However it is written, it is one number: the same request asked again is the same call.
    wanted = replace(wanted, call_to=destinations.in_e164(wanted.call_to))
    if known := idempotency_key and placements.by_key(organization, idempotency_key):
        return resume(known, wanted, now=now)
    if wanted.kind == Placement.Kind.OUTBOUND:
        wanted = _allowed(organization, wanted, now)
    try:
        admission, placement = placements.admit(
            organization=organization,
            kind=wanted.kind,
            agent=wanted.agent,
            number=wanted.number,
            call_to=wanted.call_to,
            idempotency_key=idempotency_key,
            now=now,
        )
    except IntegrityError as error:
        known = idempotency_key and placements.by_key(organization, idempotency_key)
        if not known:
            raise
        log.info("a call was asked for twice at once: %s", error)
        return resume(known, wanted, now=now)
    if placement is None:
        raise CallRefused(
            admission.rule, REFUSALS.get(admission.rule, "The call was refused.")
        )
    return _dial(placement, wanted, seconds_max=admission.seconds_max, now=now)


def resume(placement: Placement, wanted: Wanted, *, now: datetime) -> Placed:
    """What became of a call that was asked for before; never dials.

    Raises `KeyReused` if it was another call, `PlacingUnclear` while its fate is open,
    `PlacingFailed` once it is sure that there is none.
    """
    asked = (wanted.kind, wanted.call_to, wanted.agent, wanted.number)
    if asked != (
        placement.kind,
        placement.call_to,
        placement.agent,
        placement.phone_number,
    ):
        raise KeyReused
    if placement.state == Placement.State.PLACING:
        try:
            asking.find(placement, now=now)
        except ProviderError as error:
            raise PlacingUnclear from error
        placement.refresh_from_db()
    if placement.state == Placement.State.PLACED:
        return _placed(placement)
    if now < placement.created_at + LOST_AFTER:
        raise PlacingUnclear
    if placements.fail(placement, error="the provider knows no such call", now=now):
        raise PlacingFailed
    placement.refresh_from_db()
    return _placed(placement)


def _allowed(organization: Organization, wanted: Wanted, now: datetime) -> Wanted:
    if wanted.number is None:
        raise NothingToCallWith("There is no number to call from.")
    call_to = destinations.check(
        wanted.call_to,
        organization=organization,
        calling_from=wanted.number.e164,
        now=now,
    )
    return Wanted(wanted.kind, wanted.agent, wanted.number, call_to, wanted.says)


def _dial(
    placement: Placement, wanted: Wanted, *, seconds_max: int, now: datetime
) -> Placed:
    placing = Placing(
        direction="web" if placement.kind == Placement.Kind.WEB else "outbound",
        seconds_max=seconds_max,
        token=tokens.sign_placement(placement.pk),
        assistant_id=wanted.agent.provider_assistant_id if wanted.agent else "",
        number_id=wanted.number.provider_number_id if wanted.number else "",
        customer=wanted.call_to,
        says=wanted.says,
    )
    try:
        dialled = vapi.client().place(placing)
    except Refused as error:
        log.error("a call was not placed: %s", error)
        if placements.fail(placement, error=str(error), now=now):
            raise PlacingFailed from error
    except OutcomeUnknown as error:
        log.warning("it is not known whether a call was placed: %s", error)
        raise PlacingUnclear from error
    else:
        placements.bind(placement.pk, dialled.call_id, now=now, join_url=dialled.join_url)
    placement.refresh_from_db()
    return _placed(placement)


def _placed(placement: Placement) -> Placed:
    return Placed(
        call_id=placement.call_id,
        provider_call_id=placement.provider_call_id,
        seconds_max=placement.hold.seconds_max,
        join_url=placement.join_url,
    )
