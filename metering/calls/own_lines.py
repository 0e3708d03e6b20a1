"""Numbers and agents as their own organization sees and changes them."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts.audit import Actor
from accounts.models import Organization
from metering.calls import numbers
from metering.calls.numbers import MappingRefused
from metering.models import Agent, PhoneNumber


@dataclass(frozen=True, slots=True)
class NumberLine:
    id: UUID
    e164: str
    label: str
    agent_id: UUID | None
    # Of the agent; empty: nobody answers.
    agent_name: str


@dataclass(frozen=True, slots=True)
class AgentLine:
    id: UUID
    name: str
    provider: str
    provider_assistant_id: str
    refusal_text: str


@dataclass(frozen=True, slots=True)
class Place:
    """The last line of a page: its number or name, and its id."""

    name: str
    id: UUID


@dataclass(frozen=True, slots=True)
class NumberPage:
    lines: tuple[NumberLine, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class AgentPage:
    lines: tuple[AgentLine, ...]
    next: Place | None


def find_numbers(
    organization: Organization, *, words: str = "", after: Place | None = None, limit: int
) -> NumberPage:
    """Return numbers that are the organization's today, in order, with one statement: those
    that the words are a part of, by their digits, label or agent."""
    rows = PhoneNumber.objects.filter(organization=organization, valid_to=None)
    if words:
        wanted = Q(label__icontains=words) | Q(agent__name__icontains=words)
        if re.fullmatch(r"[-+0-9 ()/.]+", words) and (digits := re.sub(r"\D", "", words)):
            wanted |= Q(e164__contains=digits)
        rows = rows.filter(wanted)
    if after is not None:
        rows = rows.filter(Q(e164__gt=after.name) | Q(e164=after.name, pk__gt=after.id))
    found = list(rows.select_related("agent").order_by("e164", "pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return NumberPage(
        lines=tuple(
            NumberLine(
                row.pk,
                row.e164,
                row.label,
                row.agent_id,
                row.agent.name if row.agent else "",
            )
            for row in found[:limit]
        ),
        next=Place(last.e164, last.pk) if last else None,
    )


def find_agents(
    organization: Organization, *, words: str = "", after: Place | None = None, limit: int
) -> AgentPage:
    """Return the organization's agents by name, with one statement: those that the words are
    a part of, by name or assistant."""
    rows = Agent.objects.filter(organization=organization)
    if words:
        rows = rows.filter(
            Q(name__icontains=words) | Q(provider_assistant_id__icontains=words)
        )
    if after is not None:
        rows = rows.filter(Q(name__gt=after.name) | Q(name=after.name, pk__gt=after.id))
    found = list(rows.order_by("name", "pk")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return AgentPage(
        lines=tuple(
            AgentLine(
                row.pk, row.name, row.provider, row.provider_assistant_id, row.refusal_text
            )
            for row in found[:limit]
        ),
        next=Place(last.name, last.pk) if last else None,
    )


def assign(
    organization: Organization,
    *,
    number_id: str,
    agent_id: str,
    actor: Actor,
    now: datetime,
    label: str | None = None,
) -> PhoneNumber:
    """Let an agent answer a number of the same organization (no agent: nobody), and call the
    number by that label; None leaves it as it is.

    Raises `MappingRefused` for what is not the organization's, or no label.
    """
    number = PhoneNumber.objects.filter(
        organization=organization, valid_to=None, pk=_id(number_id)
    ).first()
    if number is None:
        raise MappingRefused("There is no such number.")
    agent = _agent(organization, agent_id) if agent_id else None
    numbers.describe_number(
        number,
        agent=agent,
        label=number.label if label is None else label,
        actor=actor,
        now=now,
    )
    return number


def rename_agent(
    organization: Organization, *, agent_id: str, name: str, actor: Actor, now: datetime
) -> Agent:
    """Call an agent something else. Raises `MappingRefused`."""
    agent = _agent(organization, agent_id)
    numbers.describe_agent(
        agent, name=name, refusal_text=agent.refusal_text, actor=actor, now=now
    )
    return agent


def word_refusals(
    organization: Organization, *, agent_id: str, words: str, actor: Actor, now: datetime
) -> Agent:
    """Let an agent's refused callers hear these words; none: the organization's. Raises
    `MappingRefused`."""
    agent = _agent(organization, agent_id)
    numbers.describe_agent(agent, name=agent.name, refusal_text=words, actor=actor, now=now)
    return agent


def _agent(organization: Organization, agent_id: str) -> Agent:
    agent = Agent.objects.filter(organization=organization, pk=_id(agent_id)).first()
    if agent is None:
        raise MappingRefused("There is no such agent.")
    return agent


def _id(said: str) -> UUID:
    """Return the id that was said; nothing has the one that stands for nonsense."""
    try:
        return UUID(said)
    except ValueError:
        return UUID(int=0)
