"""Automatic top-ups: the gate says that a wallet is low, the worker charges the saved card.

The row is committed before the provider is asked, and one is in flight at a time. An answer
that never came is found out about later; no card is charged twice for one row.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Sum

from accounts.models import Organization
from billing import customers
from billing.handlers import acting
from billing.models import AutoTopUp, TopUp
from billing.providers import registry
from billing.providers.answers import SavedCard
from billing.providers.base import NeverAsked, ProviderError, SavedCardProvider
from billing.providers.orders import SavedCharge
from billing.topups import declines, fulfilling
from metering.balances import ledger, top_ups_due
from metering.balances.top_ups_due import Due
from servicebilling.lib import money

# A charge that nobody remembers after so long was never asked for.
FORGOTTEN_AFTER = timedelta(minutes=30)
# Before that the first attempt may still be waiting for its answer.
RESUME_AFTER = timedelta(minutes=2)
AT_ONCE_MAX = 100
_COUNTED = (TopUp.State.PENDING, TopUp.State.CREDITED, TopUp.State.MISMATCHED)

log = logging.getLogger(__name__)


def charge_due(*, now: datetime) -> dict[str, int]:
    """Charge for every wallet that the gate found low; returns how many came to what."""
    outcomes: dict[str, int] = {}
    for due in top_ups_due.open_ones(limit=AT_ONCE_MAX):
        outcome = _charged(due, now=now)
        top_ups_due.close(due.id, outcome=outcome, now=now)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def charge(due: Due, *, now: datetime) -> str:
    """Charge for one low wallet, if its owner's limits allow it.

    Returns `credited`, `pending`, `declined`, or why nothing was charged: `not_active`, `off`,
    `paused`, `not_needed`, `in_flight`, `limit_reached`, `wait_after_decline`.
    """
    reason, top_up = _begin(due, now)
    return _ask(top_up, is_first=True, now=now) if top_up else reason


def resume(*, now: datetime) -> int:
    """Find out about charges whose answer never came; returns how many ended."""
    waiting = TopUp.objects.filter(
        is_automatic=True, state=TopUp.State.PENDING, created_at__lte=now - RESUME_AFTER
    )
    ended = 0
    for row in waiting:
        try:
            ended += _ask(row, is_first=False, now=now) != "pending"
        except Exception:
            log.exception("automatic top-up %s could not be found out about", row.pk)
    return ended


def charge_low(*, now: datetime) -> int:
    """Charge where the balance is low although no call asked; returns how many were."""
    low = AutoTopUp.objects.filter(
        is_on=True,
        paused_at__isnull=True,
        organization__wallet__balance__lt=F("threshold"),
        organization__status=Organization.Status.ACTIVE,
    )
    outcomes = [
        _charged(Due(0, organization_id, "below_threshold", now), now=now)
        for organization_id in low.values_list("organization_id", flat=True)[:AT_ONCE_MAX]
    ]
    return outcomes.count("credited")


def _charged(due: Due, *, now: datetime) -> str:
    """`charge`; one that fails is logged and holds up nobody behind it."""
    try:
        return charge(due, now=now)
    except Exception:
        log.exception("the wallet of %s could not be filled", due.organization_id)
        return "failed"


@transaction.atomic
def _begin(due: Due, now: datetime) -> tuple[str, TopUp | None]:
    """Write the row, or say why not. Whoever else wants the same waits here."""
    with ledger.opened_one(due.organization_id, now=now):
        """Takes the allowance's lock first, as everybody does."""
    organization = Organization.objects.select_for_update(no_key=True).get(
        pk=due.organization_id
    )
    order = AutoTopUp.objects.filter(organization=organization).first()
    refusal = _refusal(order, organization, due, now)
    if refusal or order is None:
        return refusal, None
    return "", TopUp.objects.create(
        organization=organization,
        amount=order.amount,
        currency=order.currency,
        provider=order.provider,
        is_automatic=True,
        created_at=now,
    )


def _refusal(
    order: AutoTopUp | None, organization: Organization, due: Due, now: datetime
) -> str:
    if organization.status != Organization.Status.ACTIVE:
        # Nothing may be used, so nothing needs paying for.
        return "not_active"
    if order is None or not order.is_on or order.currency != organization.currency:
        return "off"
    if order.paused_at is not None:
        return "paused"
    automatic = TopUp.objects.filter(organization=organization, is_automatic=True)
    if automatic.filter(state=TopUp.State.PENDING).exists():
        return "in_flight"
    if not _is_needed(order, due, now):
        return "not_needed"
    if not declines.may_ask_again(order, now=now):
        return "wait_after_decline"
    here = now.astimezone(ZoneInfo(organization.timezone))
    day = here.replace(hour=0, minute=0, second=0, microsecond=0)
    for since, most in (
        (day, order.max_per_day),
        (day.replace(day=1), order.max_per_month),
    ):
        counted = automatic.filter(state__in=_COUNTED, created_at__gte=since)
        spent = counted.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
        if spent + order.amount > most:
            return "limit_reached"
    return ""


def _is_needed(order: AutoTopUp, due: Due, now: datetime) -> bool:
    """A refusal is a need by itself, unless money has come since."""
    if top_ups_due.free_balance(order.organization_id, now=now) < order.threshold:
        return True
    filled_since = TopUp.objects.filter(
        organization_id=order.organization_id,
        state=TopUp.State.CREDITED,
        closed_at__gte=due.created_at,
    )
    return due.reason == "refused" and not filled_since.exists()


def _ask(top_up: TopUp, *, is_first: bool, now: datetime) -> str:
    order = AutoTopUp.objects.get(organization_id=top_up.organization_id)
    adapter = cast(SavedCardProvider, registry.get(top_up.provider))
    try:
        found = adapter.charge_saved(_charge(top_up, order, now), is_first=is_first)
        acting.act(found, provider=top_up.provider, generation=0, now=now)
    except NeverAsked:
        if top_up.created_at <= now - FORGOTTEN_AFTER:
            _give_up(top_up, TopUp.State.EXPIRED, "was never asked for", now)
    except ProviderError as error:
        # With `retry` nobody knows whether it was charged: to be found out.
        if not error.retry:
            _give_up(top_up, TopUp.State.FAILED, str(error), now)
    except acting.Mismatch as error:
        log.error("automatic top-up %s is not what it should be: %s", top_up.pk, error)
    top_up.refresh_from_db(fields=["state"])
    return "declined" if top_up.state == TopUp.State.FAILED else str(top_up.state)


def _charge(top_up: TopUp, order: AutoTopUp, now: datetime) -> SavedCharge:
    adapter = registry.get(top_up.provider)
    return SavedCharge(
        top_up_id=top_up.pk,
        customer=customers.ensure(top_up.organization, adapter, now=now),
        card=SavedCard(order.card_token, order.card_label, order.card_email),
        amount=top_up.amount,
        currency=top_up.currency,
        description=f"Top-up of {money.shown(top_up.amount, top_up.currency)}",
    )


def _give_up(top_up: TopUp, state: TopUp.State, why: str, now: datetime) -> None:
    fulfilling.give_up(
        top_up_id=top_up.pk,
        provider=top_up.provider,
        state=state,
        failure=why,
        now=now,
    )
