"""Overage that staff want sent again, without waiting for its time."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from billing.models import OverageDelivery
from billing.overage import refused

State = OverageDelivery.State


def send_again(row_ids: Iterable[int], *, now: datetime) -> Counter[str]:
    """Let rows go out at the next delivery; counts what became of them.

    Waiting ones go at once. Refused ones go on the next invoice, since a meter counts no key
    twice. Delivered ones, and those nobody knows the fate of, are left: they may be there.
    """
    outcomes: Counter[str] = Counter()
    for row in OverageDelivery.objects.filter(pk__in=list(row_ids)).order_by("pk"):
        outcomes[_send_again(row, now)] += 1
    return outcomes


def _send_again(row: OverageDelivery, now: datetime) -> str:
    if row.state == State.REFUSED:
        return "on_next_invoice" if refused.put_on_invoice(row.pk, now=now) else "left"
    waiting = OverageDelivery.objects.filter(pk=row.pk, state=State.WAITING).exclude(
        route=OverageDelivery.Route.NONE
    )
    return "queued" if waiting.update(next_attempt_at=now) else "left"
