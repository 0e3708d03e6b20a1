"""Whose phone numbers and agents are whose, and since when."""

import re
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit, setting_definitions
from accounts.audit import Actor
from accounts.models import Organization
from metering.models import Agent, PhoneNumber
from servicebilling.lib.errors import DomainError

E164 = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
# A number's first owner owns its past as well, so earlier calls can be settled.
THE_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NAMELESS = "Assistant"
TEXT_LENGTH_MAX = 120
LABEL_LENGTH_MAX = 60


class MappingRefused(DomainError):
    """A number or agent cannot be given to this organization; the message says why."""

    code = "mapping_refused"
    status = 409


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
    the agent changes. Raises `MappingRefused` if the histories would overlap, or if the
    organization has the number already, but not yet at `valid_from`.
    """
    if not E164.fullmatch(e164):
        raise MappingRefused(f"{e164!r} is no number in E.164 form, such as +12025550143.")
    provider_number_id = _clean(provider_number_id, "A number's id")
    history = PhoneNumber.objects.select_for_update().filter(
        provider=provider, provider_number_id=provider_number_id
    )
    newest = history.order_by("-valid_from").first()
    if newest and newest.valid_to is None and newest.organization_id == organization.pk:
        if valid_from and valid_from < newest.valid_from:
            raise MappingRefused(
                f"{e164} is {organization.slug}'s since {newest.valid_from.isoformat()};"
                " its past cannot be rewritten."
            )
        _keep(newest, e164=e164, agent=agent or newest.agent, actor=actor, now=now)
        return newest
    starts = valid_from or (now if newest else THE_BEGINNING)
    if newest and (newest.valid_from >= starts or (newest.valid_to or starts) > starts):
        raise MappingRefused(
            f"{e164} belonged to {newest.organization.slug} at that time already."
        )
    if newest and newest.valid_to is None:
        newest.valid_to = starts
        newest.save(update_fields=["valid_to"])
    number = _insert(
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


def owner(provider_number_id: str, *, provider: str = "vapi") -> Organization | None:
    """Return whose number it is today."""
    number = PhoneNumber.objects.filter(
        provider=provider, provider_number_id=provider_number_id, valid_to=None
    ).first()
    return number.organization if number else None


@transaction.atomic
def describe_number(
    number: PhoneNumber,
    *,
    agent: Agent | None,
    label: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Let another agent of the same organization answer a number (None: nobody yet), and call
    the number something (empty: nothing); quiet if nothing changes.

    Raises `MappingRefused` for an agent of another organization, and for a label that cannot
    be shown in a line.
    """
    if agent is not None and agent.organization_id != number.organization_id:
        raise MappingRefused("This agent belongs to another organization.")
    number.label = _clean_label(label)
    _keep(number, e164=number.e164, agent=agent, actor=actor, now=now)


@transaction.atomic
def map_agent(
    *,
    organization: Organization,
    provider_assistant_id: str,
    actor: Actor,
    now: datetime,
    name: str = "",
    provider: str = "vapi",
) -> Agent:
    """Return the organization's agent for an assistant, made if it is new; a `name` renames
    one that is known.

    Raises `MappingRefused` if the assistant is another organization's.
    """
    provider_assistant_id = _clean(provider_assistant_id, "An assistant's id")
    agent, made = Agent.objects.get_or_create(
        provider=provider,
        provider_assistant_id=provider_assistant_id,
        defaults={
            "organization": organization,
            "name": _clean(name or NAMELESS, "A name"),
            "created_at": now,
        },
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
    elif name:
        describe_agent(
            agent, name=name, refusal_text=agent.refusal_text, actor=actor, now=now
        )
    return agent


@transaction.atomic
def describe_agent(
    agent: Agent, *, name: str, refusal_text: str, actor: Actor, now: datetime
) -> None:
    """Change what an agent is called and what its callers hear when they are refused; quiet
    if nothing changes. Raises `MappingRefused` for what cannot be spoken."""
    wanted = {
        "name": _clean(name, "A name"),
        "refusal_text": clean_refusal_text(refusal_text),
    }
    locked = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    changed = [field for field, to in wanted.items() if getattr(locked, field) != to]
    if not changed:
        return
    for field in changed:
        setattr(agent, field, wanted[field])
    agent.save(update_fields=changed)
    audit.record(
        organization=agent.organization,
        actor=actor,
        action="agent.described",
        detail={"assistant_id": agent.provider_assistant_id, "fields": changed},
        now=now,
    )


def clean_refusal_text(text: str) -> str:
    """Return the words as they are kept; empty: the organization's. Raises
    `MappingRefused`."""
    if not text.strip():
        return ""
    try:
        return setting_definitions.spoken(text)
    except ValueError as error:
        raise MappingRefused(str(error)) from error


def _keep(
    number: PhoneNumber, *, e164: str, agent: Agent | None, actor: Actor, now: datetime
) -> None:
    stored = PhoneNumber.objects.select_for_update(no_key=True).get(pk=number.pk)
    number.e164, number.agent = e164, agent
    changed = [
        field
        for field in ("e164", "agent_id", "label")
        if getattr(stored, field) != getattr(number, field)
    ]
    if not changed:
        return
    number.save(update_fields=["e164", "agent", "label"])
    audit.record(
        organization=number.organization,
        actor=actor,
        action="number.changed",
        detail={"number_id": number.provider_number_id, "fields": changed},
        now=now,
    )


def _clean(text: str, what: str) -> str:
    kept = " ".join(text.split())
    if not 0 < len(kept) <= TEXT_LENGTH_MAX or not kept.isprintable():
        raise MappingRefused(f"{what} is 1 to {TEXT_LENGTH_MAX} printable characters.")
    return kept


def _clean_label(label: str) -> str:
    kept = " ".join(label.split())
    if len(kept) > LABEL_LENGTH_MAX or not kept.isprintable():
        raise MappingRefused(
            f"A number's name is at most {LABEL_LENGTH_MAX} printable characters."
        )
    return kept


def _insert(**fields: Any) -> PhoneNumber:
    try:
        with transaction.atomic():
            return PhoneNumber.objects.create(**fields)
    except IntegrityError as error:
        if "number_belongs_to_one_organization" not in str(error):
            raise
        raise MappingRefused(
            f"{fields['e164']} was given to somebody at this very moment; look again."
        ) from error
