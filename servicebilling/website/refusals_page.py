"""What refused callers hear, and who takes their calls instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts import settings_history
from metering.calls import forwarding, last_minute, refusals
from metering.calls.forwarding import Forwarding
from metering.calls.refusals import Heard
from servicebilling.website import line_lists
from servicebilling.website.frames import Frame
from servicebilling.website.line_lists import Pages

# What the agents' rows let one hear: the commonest refusal.
HEARD_FIRST = "no_minutes"
REASONS = {
    "no_minutes": "No minutes left",
    "overage_limit": "The overage limit is reached",
    "wallet_empty": "The wallet is empty",
    "credit_limit": "The credit limit is reached",
    "too_many_calls": "Too many calls at once",
    "past_due": "A payment is overdue",
    "no_plan": "There is no plan",
    refusals.FOR_ALL: "Any other reason",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """Words that somebody is trying: of an agent, or for a reason."""

    of: str
    words: str
    heard: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """`key` is an agent's id or a reason; `words` are its own, empty if it has none."""

    key: str
    label: str
    words: str
    heard: Heard
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class RefusalsPage:
    agents: tuple[Line, ...]
    agent_pages: Pages
    # What the address says of the list of agents; forms bring it back.
    place: str
    reasons: tuple[Line, ...]
    forwarding: Forwarding
    # Said a minute before a call must end; "" for nothing.
    last_minute: str
    length_max: int = refusals.LENGTH_MAX


def of(
    frame: Frame, query: Mapping[str, str], *, draft: Draft | None = None, now: datetime
) -> RefusalsPage:
    """Return the page with eight statements."""
    organization = frame.organization
    own, platform = refusals.texts_of(organization, now)
    values = settings_history.values_at(
        ["forwards_per_day_max", "call_countries", last_minute.SETTING], organization, now
    )
    agents = line_lists.agents_of(organization, query, page="website:refused-calls")

    def line(key: str, label: str, words: str, *, agent_text: str, rule: str) -> Line:
        heard = refusals.heard(rule, agent_text=agent_text, own=own, platform=platform)
        mine = draft if draft and draft.of == key else None
        return Line(key, label, words, heard, mine)

    return RefusalsPage(
        agents=tuple(
            line(
                str(one.id),
                one.name,
                one.refusal_text,
                agent_text=one.refusal_text,
                rule=HEARD_FIRST,
            )
            for one in agents.lines
        ),
        agent_pages=agents.pages,
        place=agents.place,
        reasons=tuple(
            line(rule, label, own.get(rule, ""), agent_text="", rule=rule)
            for rule, label in REASONS.items()
        ),
        forwarding=forwarding.forwarding_of(organization, settings=values, now=now),
        last_minute=values[last_minute.SETTING],
    )


def tried(of: str, words: str, *, error: str = "") -> Draft:
    """Return words with what a caller would hear of them."""
    return Draft(of, words, refusals.spoken(words), error)


def agent_id(key: str) -> UUID | None:
    """Return the agent that a line is of; None for a reason."""
    try:
        return UUID(key)
    except ValueError:
        return None
