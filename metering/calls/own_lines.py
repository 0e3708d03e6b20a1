"""Numbers and agents as their own organization sees and changes them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class AgentLine:
    id: UUID
    name: str
    provider: str
    provider_assistant_id: str
    refusal_text: str


@dataclass(frozen=True, slots=True)
class Lines:
    numbers: tuple[NumberLine, ...]
    agents: tuple[AgentLine, ...]


def lines_of(organization: Organization) -> Lines:
    """Return the numbers that are the organization's today, and its agents."""
    held = PhoneNumber.objects.filter(organization=organization, valid_to=None)
    agents = Agent.objects.filter(organization=organization)
    return Lines(
        numbers=tuple(
            NumberLine(row.pk, row.e164, row.label, row.agent_id, row.valid_from)
            for row in held
        ),
        agents=tuple(
            AgentLine(
                row.pk, row.name, row.provider, row.provider_assistant_id, row.refusal_text
            )
            for row in agents
        ),
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
