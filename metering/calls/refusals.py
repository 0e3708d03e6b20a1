"""What a caller hears when the call is refused."""

import re
from datetime import datetime
from uuid import UUID

from accounts import settings_history
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
    if organization_id is not None:
        organization = Organization.objects.get(pk=organization_id)
        for owner in (organization, None):
            texts = settings_history.value_at("refusal_texts", owner, now)
            if words := spoken(texts.get(rule) or texts.get("default", "")):
                return words
    return fallback(rule)


def fallback(rule: str) -> str:
    """The platform's sentence, without asking the database."""
    return TEXTS.get(rule, TEXTS["no_minutes"])


def spoken(words: str) -> str:
    """Words that a voice can say: one line, no braces, no addresses, bounded; "" if there
    is nothing to say."""
    said = " ".join(_UNSPEAKABLE.sub(" ", words).split())[:LENGTH_MAX].strip()
    return said if any(sign.isalpha() for sign in said) else ""
