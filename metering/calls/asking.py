"""Asking the provider what became of a call, and acting on its answer as on a message."""

from datetime import datetime, timedelta

from metering.calls import inbox, placements, vapi
from metering.models import Hold, Placement
from metering.providers.base import FetchedCall, ProviderError
from metering.providers.vapi import messages
from servicebilling.lib.logs import context

PROVIDER = messages.PROVIDER
# Clocks differ, and a request waits for its turn.
AROUND = timedelta(minutes=2)
# How long after we asked a call may have been made.
LATEST = timedelta(minutes=10)


def is_possible(hold: Hold) -> bool:
    """Whether the call of a hold runs at our provider, and not at another backend's."""
    return hold.reference.startswith(f"{PROVIDER}:")


def about(hold: Hold, *, now: datetime) -> FetchedCall | None:
    """What the provider says of the call that a hold is for; None: it knows none.

    A call that a campaign may or may not have made cannot be asked for: it counts as not
    heard of until it is. Raises `ProviderError`, `ProviderNotSetUp`.
    """
    placement = getattr(hold, "placement", None)
    if placement is None or placement.state == Placement.State.PLACED:
        return vapi.client().call(hold.reference.split(":", 1)[1], now=now)
    if placement.kind == Placement.Kind.CAMPAIGN:
        raise ProviderError("a campaign's call has no name yet", retry=True)
    return find(placement, now=now)


def find(placement: Placement, *, now: datetime) -> FetchedCall | None:
    """Look for the call that a placement asked for in the provider's list, and bind it.

    None: the provider shows no such call. Raises `ProviderError`.
    """
    client = vapi.client()
    before = placement.created_at + LATEST
    while True:
        page = client.calls(
            now=now, created_since=placement.created_at - AROUND, created_before=before
        )
        for one in page.calls:
            if one.ref is not None and one.ref.placement_id == placement.pk:
                join_url = one.join_url
                placements.bind(placement.pk, one.call_id, now=now, join_url=join_url)
                return one
        made = [one.created_at for one in page.calls if one.created_at]
        if not page.is_full or not made or min(made) >= before:
            return None
        before = min(made)


def act_on(fetched: FetchedCall, *, now: datetime) -> str:
    """Do what a message with the same content would do; returns what came of it.

    `unreadable` if the provider's words make no sense. Raises `django.db.Error`.
    """
    meaning = fetched.report or fetched.status
    if meaning is None:
        return "unreadable"
    with context.also(call_id=meaning.ref.call_id):
        return inbox.process(meaning, now=now)
