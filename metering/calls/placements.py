"""From the gate's yes to a call that has a name: admitted, bound to the provider's id, or
known to have failed."""

import logging
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Organization
from metering.balances import ledger
from metering.calls import gate, journal, releasing
from metering.calls.gate import Admission
from metering.models import Agent, Call, Hold, PhoneNumber, Placement
from metering.providers.base import CallRef, CallRequest
from servicebilling.lib.ids import new_id

PROVIDER = "vapi"

log = logging.getLogger(__name__)


def admit(
    *,
    organization: Organization,
    kind: str,
    agent: Agent | None,
    number: PhoneNumber | None,
    call_to: str = "",
    now: datetime,
    **fields: Any,
) -> tuple[Admission, Placement | None]:
    """Ask the gate for a call that has no name yet; None with its refusal.

    Raises `IntegrityError` if the organization's idempotency key stands for a call already:
    then nothing was held.
    """
    placement_id = new_id()
    ref = CallRef(
        provider=PROVIDER,
        call_id=str(placement_id),
        number_id=number.provider_number_id if number else "",
        assistant_id=agent.provider_assistant_id if agent else "",
        trusted_organization_id=organization.pk,
        direction="web" if kind == Placement.Kind.WEB else "outbound",
        call_from=number.e164 if number else "",
        call_to=call_to,
    )
    with transaction.atomic():
        since = time.perf_counter()
        admission = gate.admit(CallRequest(ref, now), now=now)
        journal.decided(admission, ref, since=since)
        if not admission.admitted or admission.hold_id is None:
            return admission, None
        placement = Placement.objects.create(
            id=placement_id,
            organization=organization,
            kind=kind,
            provider=PROVIDER,
            call=Call.objects.get(
                provider=PROVIDER,
                provider_call_id=str(placement_id),
                organization=organization,
            ),
            hold_id=admission.hold_id,
            agent=agent,
            phone_number=number,
            call_to=call_to,
            created_at=now,
            **fields,
        )
    return admission, placement


def by_key(organization: Organization, idempotency_key: str) -> Placement | None:
    """The call that this key stands for, unless it is known that there is none."""
    found = Placement.objects.filter(
        organization=organization, idempotency_key=idempotency_key
    ).exclude(state=Placement.State.FAILED)
    return found.select_related("hold", "agent", "phone_number").first()


def bind(placement_id: UUID, call_id: str, *, now: datetime, join_url: str = "") -> bool:
    """Give a placement the provider's id of its call; once, and for ever.

    False if it has another one, or there is no such placement: then whoever claims to be it
    is not. A call that was told of before it could be recognized stays what it is, metered
    without having asked, and what was held here is let go.
    """
    placement = Placement.objects.filter(pk=placement_id).first()
    if placement is None:
        return False
    if placement.provider_call_id:
        return placement.provider_call_id == call_id
    with transaction.atomic():
        # Every change of a call waits for its organization's allowance first.
        with ledger.opened_one(placement.organization_id, now=now):
            pass
        placement = Placement.objects.select_for_update().get(pk=placement_id)
        if placement.provider_call_id:
            return placement.provider_call_id == call_id
        if Placement.objects.filter(
            provider=placement.provider, provider_call_id=call_id
        ).exists():
            return False
        if placement.state == Placement.State.FAILED and _is_key_taken(placement):
            # It was given up, and its key asked for another call since.
            placement.idempotency_key = ""
        placement.provider_call_id, placement.state = call_id, Placement.State.PLACED
        placement.join_url = join_url
        placement.save(
            update_fields=["provider_call_id", "state", "join_url", "idempotency_key"]
        )
        is_told = _calls(placement, call_id).exists()
        if not is_told:
            Hold.objects.filter(pk=placement.hold_id).update(
                reference=f"{placement.provider}:{call_id}"
            )
            Call.objects.filter(pk=placement.call_id).update(provider_call_id=call_id)
        else:
            log.error("call %s was told of before it was known as ours", call_id)
            hold = Hold.objects.get(pk=placement.hold_id)
            releasing.release(hold, flag="told_before_known", now=now)
    return True


def fail(placement: Placement, *, error: str, now: datetime) -> bool:
    """Note that there certainly is no such call, and let its minutes go; False if there is
    one after all."""
    with transaction.atomic():
        with ledger.opened_one(placement.organization_id, now=now):
            pass
        placement = Placement.objects.select_for_update().get(pk=placement.pk)
        if placement.state == Placement.State.PLACED:
            return False
        placement.state, placement.error = Placement.State.FAILED, error[:300]
        placement.save(update_fields=["state", "error"])
        hold = Hold.objects.get(pk=placement.hold_id)
        releasing.release(hold, flag="not_placed", now=now)
    return True


def recognize(ref: CallRef, *, now: datetime) -> None:
    """Bind the placement that a message is about, if it is about one.

    By our token in its metadata; a campaign's call, whose metadata are not ours, by the
    campaign and the number that it may dial.
    """
    if ref.placement_id is not None:
        if not bind(ref.placement_id, ref.call_id, now=now):
            log.error("call %s shows a token that is not its own", ref.call_id)
        return
    if ref.direction != "outbound" or not ref.call_to:
        return
    expected = _expected(ref).order_by("created_at").values_list("pk", flat=True).first()
    is_known = expected is not None and (
        Hold.objects.filter(reference=f"{ref.provider}:{ref.call_id}").exists()
    )
    if expected is not None and not is_known:
        bind(expected, ref.call_id, now=now)


def _is_key_taken(placement: Placement) -> bool:
    key = placement.idempotency_key
    return bool(key) and by_key(placement.organization, key) is not None


def _expected(ref: CallRef) -> QuerySet[Placement]:
    same_line = Q(phone_number__provider_number_id=ref.number_id) if ref.number_id else Q()
    same_campaign = Q(campaign_id=ref.campaign_id) if ref.campaign_id else same_line
    return Placement.objects.filter(
        same_campaign,
        kind=Placement.Kind.CAMPAIGN,
        state=Placement.State.PLACING,
        provider=ref.provider,
        call_to=ref.call_to,
    )


def _calls(placement: Placement, call_id: str) -> QuerySet[Call]:
    return Call.objects.filter(
        provider=placement.provider,
        provider_call_id=call_id,
        organization_id=placement.organization_id,
    )
