"""Whose phone numbers and agents are whose, and since when."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from metering.models import Agent, PhoneNumber
from servicebilling.lib.errors import DomainError

E164 = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
# A number's first owner owns its past as well, so earlier calls can be settled.
THE_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class MappingRefused(DomainError):
    """A number or agent cannot be given to this organization; the message says why."""

    code = "mapping_refused"
    status = 409


@dataclass(frozen=True, slots=True)
class Mapping:
    number: PhoneNumber | None
    agent: Agent | None


@transaction.atomic
def map_number(
    *,
    organization: Organization,
    e164: str,
    provider_number_id: str,
    agent: Agent | None,
    actor: Actor,
    now: datetime,
    valid_from: datetime | None = None,
    provider: str = "vapi",
) -> PhoneNumber:
    """Give a number to an organization from `valid_from` (else now) on.

    Whoever had it until then keeps the calls of that time. Asked again for the same, only
    the agent changes. Raises `MappingRefused` if the histories would overlap.
    """
    if not E164.fullmatch(e164):
        raise MappingRefused(f"{e164!r} is no number in E.164 form, such as +12025550143.")
    history = PhoneNumber.objects.select_for_update().filter(
        provider=provider, provider_number_id=provider_number_id
    )
    newest = history.order_by("-valid_from").first()
    if newest and newest.valid_to is None and newest.organization_id == organization.pk:
        newest.agent = agent or newest.agent
        newest.e164 = e164
        newest.save(update_fields=["agent", "e164"])
        return newest
    starts = valid_from or (now if newest else THE_BEGINNING)
    if newest and (newest.valid_from >= starts or (newest.valid_to or starts) > starts):
        raise MappingRefused(
            f"{e164} belonged to {newest.organization.slug} at that time already."
        )
    if newest and newest.valid_to is None:
        newest.valid_to = starts
        newest.save(update_fields=["valid_to"])
    number = PhoneNumber.objects.create(
        organization=organization,
        e164=e164,
        provider=provider,
        provider_number_id=provider_number_id,
        agent=agent,
        valid_from=starts,
    )
    audit.record(
        organization=organization,
        actor=actor,
        action="number.mapped",
        detail={"number_id": provider_number_id, "valid_from": starts.isoformat()},
        now=now,
    )
    return number


def map_agent(
    *,
    organization: Organization,
    provider_assistant_id: str,
    name: str,
    actor: Actor,
    now: datetime,
    provider: str = "vapi",
) -> Agent:
    """Return the organization's agent for an assistant, made if it is new.

    Raises `MappingRefused` if the assistant is another organization's.
    """
    agent, made = Agent.objects.get_or_create(
        provider=provider,
        provider_assistant_id=provider_assistant_id,
        defaults={"organization": organization, "name": name, "created_at": now},
    )
    if agent.organization_id != organization.pk:
        raise MappingRefused("This assistant belongs to another organization.")
    if made:
        audit.record(
            organization=organization,
            actor=actor,
            action="agent.mapped",
            detail={"assistant_id": provider_assistant_id},
            now=now,
        )
    return agent
