"""Campaigns of the provider ask before they dial each contact."""

from datetime import datetime

from accounts.models import Organization
from metering.calls import destinations, placements, routing
from metering.errors import DestinationRefused
from metering.models import Agent, Hold, PhoneNumber, Placement
from metering.providers.base import DialRequest


def may_dial(request: DialRequest, *, now: datetime) -> bool:
    """Whether a campaign may call a contact; then minutes are held for that call.

    Asked again before it has dialled, the answer is the same and nothing more is held. The
    call is recognized by its campaign and number once it is told of. Raises
    `django.db.Error`: the caller must then say no.
    """
    ref = request.ref
    organization_id = routing.organization_of(ref, now=now)
    if organization_id is None or not ref.call_to:
        return False
    organization = Organization.objects.get(pk=organization_id)
    if _is_expected(organization, request):
        return True
    number = PhoneNumber.objects.filter(
        organization=organization, provider_number_id=ref.number_id, valid_to=None
    ).first()
    agent = Agent.objects.filter(
        organization=organization, provider_assistant_id=ref.assistant_id
    ).first()
    try:
        call_to = destinations.check(
            ref.call_to,
            organization=organization,
            calling_from=number.e164 if number else ref.call_from,
            now=now,
        )
    except DestinationRefused:
        return False
    _, placement = placements.admit(
        organization=organization,
        kind=Placement.Kind.CAMPAIGN,
        agent=agent or (number.agent if number else None),
        number=number,
        call_to=call_to,
        campaign_id=ref.campaign_id,
        contact_id=request.contact_id,
        now=now,
    )
    return placement is not None


def _is_expected(organization: Organization, request: DialRequest) -> bool:
    return Placement.objects.filter(
        organization=organization,
        kind=Placement.Kind.CAMPAIGN,
        state=Placement.State.PLACING,
        campaign_id=request.ref.campaign_id,
        contact_id=request.contact_id,
        call_to=request.ref.call_to,
        hold__state=Hold.State.OPEN,
    ).exists()
