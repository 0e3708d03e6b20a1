"""Doing stored messages again, whichever way they go."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from billing import inbox as payments
from billing import rehearsal as payment_rehearsal
from billing import tasks
from billing.overage import again
from metering.calls import inbox as telephony
from metering.calls import rehearsal
from metering.calls.rehearsal import Rehearsed
from metering.models import WebhookDelivery
from metering.outgoing import delivery
from metering.outgoing.errors import NoSuchWebhook

Outcomes = Counter[str]


def replay(source: str, ids: Iterable[Any], *, actor: Actor, now: datetime) -> Outcomes:
    """Do these messages of a source again, which `reports.SOURCES` names; counts outcomes.

    Those that are not there, or cannot be read, count as nothing. What was charged, fulfilled
    or delivered before is not so twice. Leaves one row in the trail.
    """
    wanted = [str(one) for one in ids]
    outcomes = _HOW[source](wanted, now)
    if outcomes:
        audit.record(
            organization=None,
            actor=actor,
            action="messages.replayed",
            detail={"source": source, "ids": wanted, "outcomes": dict(outcomes)},
            now=now,
        )
    return outcomes


def rehearsed(source: str, ids: list[Any], *, now: datetime) -> list[Rehearsed] | None:
    """Return what doing these again would change, nothing being kept; None where that cannot
    be told: messages that go out, and more payment events than a person waits for."""
    if source == "telephony":
        return list(rehearsal.rehearse(ids, now=now))
    if source == "payments" and len(ids) <= payment_rehearsal.AT_ONCE_MAX:
        return list(payment_rehearsal.rehearse(ids, now=now))
    return None


def _calls(ids: list[str], now: datetime) -> Outcomes:
    found = telephony.selected(ids=[int(one) for one in ids])
    known = list(found.values_list("pk", flat=True))
    return Counter(one.outcome for one in telephony.replay(known, now=now))


def _payments(ids: list[str], now: datetime) -> Outcomes:
    """They ask the provider, so the worker does it."""
    found = payments.queue_again([int(one) for one in ids], now=now)
    for event_id in found:
        transaction.on_commit(lambda wanted=event_id: tasks.wake(wanted))  # type: ignore[misc]
    return Counter({"queued": len(found)} if found else {})


def _overage(ids: list[str], now: datetime) -> Outcomes:
    return again.send_again([int(one) for one in ids], now=now)


def _customers(ids: list[str], now: datetime) -> Outcomes:
    outcomes: Outcomes = Counter()
    for row in WebhookDelivery.objects.filter(pk__in=ids).select_related("organization"):
        try:
            delivery.resend(row.organization, row.pk, now=now)
        except NoSuchWebhook:
            outcomes["left"] += 1
        else:
            outcomes["queued"] += 1
    return outcomes


_HOW: dict[str, Callable[[list[str], datetime], Outcomes]] = {
    "telephony": _calls,
    "payments": _payments,
    "overage": _overage,
    "customers": _customers,
}
