"""Delivers the outbox of overage. The same key for ever, so a repeated delivery counts once;
when the provider may have forgotten a key, it is asked before anything is sent again."""

import logging
import random
from datetime import datetime, timedelta

from billing import discrepancies
from billing.models import Discrepancy, OverageDelivery
from billing.overage import payers
from billing.overage.payers import Payer
from billing.overage.routes import METER_LAGS
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.orders import ItemOrder, MeterReport
from metering.models import Rate
from servicebilling.lib import money, retrying

Route, State = OverageDelivery.Route, OverageDelivery.State

WAIT_FIRST = timedelta(seconds=30)
# Minutes count towards an invoice that is soon final: no long waits.
WAIT_MAX = timedelta(minutes=10)

log = logging.getLogger(__name__)


def due(*, now: datetime, limit: int = 500) -> list[int]:
    """Return the rows whose time has come, those of one organization together: a provider
    takes one request at a time per customer."""
    waiting = OverageDelivery.objects.filter(
        state=State.WAITING, next_attempt_at__lte=now
    ).exclude(route=Route.NONE)
    return list(waiting.order_by("organization_id", "id").values_list("id", flat=True))[
        :limit
    ]


def send(row_id: int, *, now: datetime) -> str:
    """Deliver one row, if nobody else does; returns its new state or `busy`."""
    if not OverageDelivery.claim(row_id, now=now):
        return "busy"
    row = OverageDelivery.objects.select_related("organization", "charge").get(pk=row_id)
    payer = payers.of([row.organization_id]).get(row.organization_id)
    if payer is None:
        return _wait_for_payer(row, now)
    if row.route == Route.METER and not _may_go_by_meter(row, payer, now):
        return row.state
    try:
        _deliver(row, payer)
    except ProviderError as error:
        return _note_failure(row, error, now)
    row.note_delivered(now=now)
    return row.state


def _may_go_by_meter(row: OverageDelivery, payer: Payer, now: datetime) -> bool:
    """Return whether a row may be sent to the meter (again). Too late for its invoice, or
    too long after the first attempt: it becomes an item, or uncertain if it may be there."""
    was_tried = row.attempts > 1
    if payer.route(row, now=now) == Route.METER:
        if not was_tried or not row.may_have_been_forgotten(now):
            return True
        _doubt(row, now)
    elif was_tried:
        _doubt(row, now)
    else:
        row.route, row.next_attempt_at, row.first_attempt_at = Route.ITEM, now, None
    row.save(update_fields=["route", "state", "next_attempt_at", "first_attempt_at"])
    return False


def _deliver(row: OverageDelivery, payer: Payer) -> None:
    provider = registry.billing_usage(payer.provider)
    if row.route == Route.METER:
        provider.report_usage(
            MeterReport(row.key, payer.customer_id, row.minutes, row.occurred_at)
        )
        return
    amount = money.rounded(row.amount, row.currency)
    if not amount:
        return
    row.provider_reference = provider.add_item(
        ItemOrder(
            key=row.item_key,
            customer_id=payer.customer_id,
            subscription_id=payer.subscription_id,
            text=_text(row),
            amount=amount,
            currency=row.currency,
        )
    )
    row.save(update_fields=["provider_reference"])


def _doubt(row: OverageDelivery, now: datetime) -> None:
    """Let a row wait until the meter's sums would have it, if it was taken."""
    row.state, row.next_attempt_at = State.UNCERTAIN, now + METER_LAGS


def _wait_for_payer(row: OverageDelivery, now: datetime) -> str:
    """One that was tried may be there: what the subscription's last invoice says decides."""
    if row.attempts > 1:
        _doubt(row, now)
    else:
        row.route, row.next_attempt_at, row.first_attempt_at = Route.NONE, None, None
        row.attempts = 0
    row.save(
        update_fields=["route", "state", "next_attempt_at", "first_attempt_at", "attempts"]
    )
    return row.state


def _note_failure(row: OverageDelivery, error: ProviderError, now: datetime) -> str:
    row.error = retrying.told(error)
    if error.retry:
        wait = min(WAIT_FIRST * 2 ** min(row.attempts - 1, 10), WAIT_MAX)
        # Many rows fail together; they must not all come back together.
        row.next_attempt_at = now + wait * random.uniform(0.5, 1)  # noqa: S311
    else:
        log.error("overage %s was refused: %s", row.key, error)
        row.state, row.next_attempt_at = State.REFUSED, None
        discrepancies.open_one(
            kind=Discrepancy.Kind.USAGE_REFUSED,
            provider=row.provider,
            subject=row.key,
            organization_id=row.organization_id,
            ours=f"{row.minutes} minutes, {money.shown(row.amount, row.currency)}",
            theirs=str(error),
            now=now,
        )
    row.save(update_fields=["error", "state", "next_attempt_at"])
    return row.state


def _text(row: OverageDelivery) -> str:
    when = f"{row.occurred_at:%d %b %Y}"
    if row.charge_id is not None:
        return f"{row.minutes} call minutes beyond the plan, {when}"
    return f"{Rate.Meter(row.meter).label} beyond the plan, until {when}"
