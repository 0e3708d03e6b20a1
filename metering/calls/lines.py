"""Which number and which agent an outbound call uses, where the caller did not say."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Organization
from metering.errors import NothingToCallWith
from metering.models import Agent, PhoneNumber


@dataclass(frozen=True, slots=True)
class Line:
    number: PhoneNumber
    agent: Agent


def choose(organization: Organization, *, e164: str, agent_id: UUID | None) -> Line:
    """Return the number and agent to call with: those named, else the only ones.

    Raises `NothingToCallWith` if there is none, or it is not clear which.
    """
    numbers = PhoneNumber.objects.filter(organization=organization, valid_to=None)
    if e164:
        numbers = numbers.filter(e164=e164)
    found = list(numbers.select_related("agent").order_by("e164")[:2])
    if not found:
        raise NothingToCallWith("There is no such number to call from.")
    if len(found) > 1:
        raise NothingToCallWith("There are several numbers; say which `number` calls.")
    number = found[0]
    if agent_id is None and number.agent is not None:
        return Line(number, number.agent)
    return Line(number, choose_agent(organization, agent_id=agent_id))


def choose_agent(organization: Organization, *, agent_id: UUID | None) -> Agent:
    """Return the agent named, else the only one. Raises `NothingToCallWith`."""
    agents = Agent.objects.filter(organization=organization)
    if agent_id is not None:
        agents = agents.filter(pk=agent_id)
    found = list(agents.order_by("pk")[:2])
    if not found:
        raise NothingToCallWith("There is no such agent.")
    if len(found) > 1:
        raise NothingToCallWith("There are several agents; say which by `agent_id`.")
    return found[0]
