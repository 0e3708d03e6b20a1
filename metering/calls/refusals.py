"""What a caller hears when the call is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import settings_history
from accounts.audit import Actor
from accounts.errors import InvalidDetail
from accounts.models import Organization

LENGTH_MAX = 300
# What a template engine or a voice would stumble over.
_UNSPEAKABLE = re.compile(r"[{}<>\[\]\\]|https?:\S*|www\.\S*")

TEXTS = {
    "no_minutes": "We are sorry, this line cannot take calls right now. Please try later.",
    "too_many_calls": "We are sorry, all lines are busy. Please call again in a few minutes.",
    "unknown_number": "We are sorry, this number is not in service.",
    "not_configured": "We are sorry, this number is not in service yet.",
    "closed": "We are sorry, this number is no longer in service.",
    "forwarded": "One moment please, we connect you.",
    "unavailable": "We are sorry, we cannot take your call right now. Please call again.",
}


# What an organization may word itself: the reasons for which its own numbers refuse.
WORDED = (
    "no_minutes",
    "overage_limit",
    "wallet_empty",
    "credit_limit",
    "too_many_calls",
    "past_due",
    "no_plan",
)
# For all reasons without words of their own.
FOR_ALL = "default"


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence as callers hear it; `whose` is agent, organization or platform."""

    words: str
    whose: str


def heard(
    rule: str,
    *,
    agent_text: str,
    own: Mapping[str, str],
    platform: Mapping[str, str],
) -> Heard:
    """Return what a refusal says, by texts that were read before. Pure."""
    if words := spoken(agent_text):
        return Heard(words, "agent")
    for texts, whose in ((own, "organization"), (platform, "platform")):
        if words := spoken(texts.get(rule) or texts.get(FOR_ALL, "")):
            return Heard(words, whose)
    return Heard(fallback(rule), "platform")


def texts_of(
    organization: Organization, now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the organization's texts and the platform's, by reason; two statements."""
    platform = settings_history.value_at("refusal_texts", None, now)
    in_force = settings_history.value_at("refusal_texts", organization, now)
    return ({} if in_force == platform else in_force), platform


@transaction.atomic
def word(
    organization: Organization, *, rule: str, words: str, actor: Actor, now: datetime
) -> None:
    """Let the organization's callers hear these words for a reason (`FOR_ALL`: for all
    others), or, without words, the platform's; quiet if it is so already.

    Raises `InvalidDetail` for what cannot be spoken, and for an unknown reason.
    """
    if rule not in (*WORDED, FOR_ALL):
        raise InvalidDetail("There is no such reason.")
    own, _ = texts_of(organization, now)
    wanted = {key: said for key, said in own.items() if key != rule}
    if words.strip():
        wanted[rule] = " ".join(words.split())
    if wanted != own:
        settings_history.set_value(
            "refusal_texts",
            wanted or None,
            organization=organization,
            actor=actor,
            now=now,
        )


def text(
    rule: str,
    *,
    agent_text: str = "",
    organization_id: UUID | None = None,
    now: datetime,
) -> str:
    """Return the sentence for a refusal: the agent's, else the organization's for this
    rule, else the platform's. Plain words, never empty.

    Asks the database only for an organization's words. Raises `django.db.Error`.
    """
    if agent_words := spoken(agent_text):
        return agent_words
    if organization_id is None:
        return fallback(rule)
    organization = Organization.objects.get(pk=organization_id)
    own, platform = texts_of(organization, now)
    return heard(rule, agent_text="", own=own, platform=platform).words


def fallback(rule: str) -> str:
    """The platform's sentence, without asking the database."""
    return TEXTS.get(rule, TEXTS["no_minutes"])


def spoken(words: str) -> str:
    """Words that a voice can say: one line, no braces, no addresses, bounded; "" if there
    is nothing to say."""
    said = " ".join(_UNSPEAKABLE.sub(" ", words).split())[:LENGTH_MAX].strip()
    return said if any(sign.isalpha() for sign in said) else ""
