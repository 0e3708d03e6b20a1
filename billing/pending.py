"""Payments under way, asked about: when the customer returns, and by the clock until they
expire. Webhooks may stay away; money that came must not."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from accounts.models import Organization
from billing.errors import NotSold
from billing.events import Failed
from billing.handlers import acting
from billing.models import PlanCheckout, Purchase, TopUp
from billing.providers import registry
from billing.providers.base import AskedProvider, ProviderError
from billing.purchases import fulfilling as purchases
from billing.subscriptions import plan_checkouts
from billing.topups import fulfilling as topups

# Before that the webhook is likely to come.
QUIET = timedelta(minutes=10)
# A page can be paid on for two hours; a bank may take a day more.
EXPIRES_AFTER = timedelta(hours=26)
AT_ONCE_MAX = 200

Row = TopUp | Purchase | PlanCheckout
KINDS: tuple[type[Any], ...] = (TopUp, Purchase, PlanCheckout)

log = logging.getLogger(__name__)


def confirm(organization: Organization, row_id: UUID, *, now: datetime) -> str:
    """Ask about one payment of an organization: for the page that a customer returns to.

    What the browser brought is not looked at. Returns the row's state, `unknown` if it is
    not theirs. Raises nothing for a provider that does not answer: the state stays.
    """
    for kind in KINDS:
        row = kind.objects.filter(pk=row_id, organization=organization).first()
        if row is not None:
            break
    else:
        return "unknown"
    if row.state == "pending":
        _ask(row, now)
        row.refresh_from_db(fields=["state"])
    return str(row.state)


def verify_due(*, now: datetime) -> int:
    """Ask about everything that has been pending for a while, and let go what nobody will
    pay any more; returns how many were closed."""
    closed = 0
    for row in _waiting(now):
        is_known = _ask(row, now)
        row.refresh_from_db(fields=["state"])
        if row.state == "pending" and is_known and row.created_at <= now - EXPIRES_AFTER:
            closed += _expire(row, now) == "closed"
        else:
            closed += row.state != "pending"
    return closed


def _waiting(now: datetime) -> Iterator[Row]:
    asked = [name for name in registry.available() if _adapter(name)]
    for kind in KINDS:
        yield from kind.objects.filter(
            state="pending", provider__in=asked, created_at__lte=now - QUIET
        ).order_by("created_at")[:AT_ONCE_MAX]


def _ask(row: Row, now: datetime) -> bool:
    """Act on what the provider says; returns whether it said anything."""
    adapter = _adapter(row.provider)
    if adapter is None:
        return False
    try:
        found = adapter.look_up(row.pk, is_plan=isinstance(row, PlanCheckout))
        acting.act(found, provider=row.provider, generation=0, now=now)
    except ProviderError as error:
        log.warning("payment %s could not be asked about: %s", row.pk, error)
        return False
    except (acting.Mismatch, acting.NotYet) as error:
        log.error("payment %s is not what it should be: %s", row.pk, error)
        _set_aside(row, now)
    except Exception:
        # What came of it is not known; it holds up nobody behind it.
        log.exception("the answer about payment %s could not be acted on", row.pk)
        return False
    return True


def _adapter(name: str) -> AskedProvider | None:
    try:
        adapter = registry.get(name)
    except NotSold:
        return None
    return cast(AskedProvider, adapter) if hasattr(adapter, "look_up") else None


def _set_aside(row: Row, now: datetime) -> None:
    if isinstance(row, PlanCheckout):
        plan_checkouts.give_up(row.pk, state=PlanCheckout.State.MISMATCHED, now=now)


def _expire(row: Row, now: datetime) -> str:
    if isinstance(row, PlanCheckout):
        return plan_checkouts.give_up(row.pk, state=PlanCheckout.State.EXPIRED, now=now)
    gone = Failed(row.provider, row.pk, "expired")
    if isinstance(row, TopUp):
        return topups.fail(gone, now=now)
    return purchases.give_up(gone, now=now)
