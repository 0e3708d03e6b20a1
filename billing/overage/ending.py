"""What an ended subscription leaves unbilled: found out, once, and given to staff.

A provider ends a subscription at once without asking for what was used in its last period,
if nobody tells it to. So its last invoices are read when they are final: what they left out
waits again, as overage that nobody bills, and no meter is told of it a second time.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from billing import discrepancies
from billing.models import Discrepancy, OverageDelivery, Subscription
from billing.models.subscriptions import ENDED
from billing.overage import collecting, deciding, left_out, payers
from billing.providers import registry
from billing.providers.answers import BilledUsage
from billing.providers.base import ProviderError
from metering.balances import ledger

Route, State = OverageDelivery.Route, OverageDelivery.State

# A last invoice stays a draft for an hour; reports of the last calls come within one.
SETTLES_AFTER = timedelta(hours=2)
# A draft that nobody closes is told to staff.
DRAFT_MAY_LAST = timedelta(days=3)
FIELDS = [
    "route",
    "state",
    "returned_at",
    "delivered_at",
    "next_attempt_at",
    "first_attempt_at",
    "attempts",
    "provider_reference",
    "error",
]

log = logging.getLogger(__name__)


def settle_ended(*, now: datetime, limit: int = 100) -> int:
    """Look after the overage of subscriptions that have ended; returns how many are done.
    One whose provider does not answer, or has a draft yet, waits for the next time."""
    ended = Subscription.objects.filter(
        provider__in=payers.BILL_USAGE,
        status__in=ENDED,
        ended_at__lte=now - SETTLES_AFTER,
        overage_settled_at=None,
    ).select_related("organization")
    done = 0
    for subscription in ended.order_by("ended_at")[:limit]:
        try:
            done += settle(subscription, now=now)
        except ProviderError:
            log.exception("what %s leaves unbilled is not known yet", subscription.pk)
    if done:
        collecting.route_waiting(now=now)
        deciding.notice_unbilled(now=now)
    return done


def settle(subscription: Subscription, *, now: datetime) -> bool:
    """Give what a subscription's invoices left out back to staff; False while that cannot
    be told yet. Raises `ProviderError`. Calls the provider: never inside a transaction."""
    rows = _rows_of(subscription)
    if any(row.state == State.WAITING for row in rows):
        return False
    if not rows:
        return _close(subscription, now)
    provider = registry.billing_usage(subscription.provider)
    customer_id = subscription.organization.stripe_customer_id
    billed = provider.billed_usage(customer_id, subscription.provider_subscription_id)
    if billed.drafts:
        _tell_of_drafts(subscription, billed, now)
        return False
    reported = [row for row in rows if row.route == Route.METER]
    found = left_out.compare(
        [row for row in reported if row.state != State.REFUSED], billed.lines
    )
    found.left_out += [row for row in rows if row.state == State.REFUSED]
    waiting = _sort_items(rows, billed, found)
    _doubt(list(waiting), now)
    for item_id in waiting.values():
        provider.take_back_item(item_id)
    _apply(subscription, found, now)
    for row in waiting:
        row.state = State.UNCERTAIN
    _apply(subscription, left_out.Found(left_out=list(waiting)), now)
    return _close(subscription, now, found)


def _rows_of(subscription: Subscription) -> list[OverageDelivery]:
    """Return what was told to the provider for this subscription: until the organization's
    next one began."""
    began_at = subscription.created_at
    rows = OverageDelivery.objects.filter(
        Q(route=Route.METER, occurred_at__gte=began_at)
        # What an earlier subscription left out may have gone to this one as an item.
        | Q(route=Route.ITEM, first_attempt_at__gte=began_at),
        organization_id=subscription.organization_id,
        provider=subscription.provider,
    ).exclude(state=State.WRITTEN_OFF)
    later = (
        Subscription.objects.filter(
            organization_id=subscription.organization_id,
            provider=subscription.provider,
            created_at__gt=subscription.created_at,
        )
        .exclude(status="incomplete_expired")
        .order_by("created_at")
        .first()
    )
    if later is not None:
        ended_at = later.created_at
        rows = rows.exclude(route=Route.METER, occurred_at__gte=ended_at)
        rows = rows.exclude(route=Route.ITEM, first_attempt_at__gte=ended_at)
    return list(rows.order_by("occurred_at", "id"))


def _sort_items(
    rows: list[OverageDelivery], billed: BilledUsage, found: left_out.Found
) -> dict[OverageDelivery, str]:
    """Sort what went as items into `found`; returns those that no invoice took, with the
    item's id."""
    by_key = {item.key: item for item in billed.items}
    waiting = {}
    for row in rows:
        if row.route != Route.ITEM or row.state == State.REFUSED:
            continue
        item = by_key.get(row.item_key)
        if item is None and (row.provider_reference or row.state == State.UNCERTAIN):
            found.left_out.append(row)
        elif item is not None and item.is_taken:
            found.asked_for.append(row)
        elif item is not None:
            waiting[row] = item.id
    return waiting


@transaction.atomic
def _doubt(rows: list[OverageDelivery], now: datetime) -> None:
    """Written down before the items are removed: whoever is interrupted between finds them
    gone, and these rows in doubt."""
    ids = [row.pk for row in rows if row.state == State.DELIVERED]
    OverageDelivery.objects.filter(pk__in=ids, state=State.DELIVERED).update(
        state=State.UNCERTAIN
    )


@transaction.atomic
def _apply(subscription: Subscription, found: left_out.Found, now: datetime) -> None:
    """Rows that staff decided about meanwhile are left as they decided."""
    with ledger.opened_one(subscription.organization_id, now=now):
        """Staff who decide about the same rows queue here."""
    seen = {row.pk: row.state for row in [*found.asked_for, *found.left_out]}
    back = {row.pk for row in found.left_out}
    for row in OverageDelivery.objects.select_for_update().filter(pk__in=seen):
        if row.state != seen[row.pk] or row.route not in (Route.METER, Route.ITEM):
            continue
        if row.pk not in back:
            if row.state != State.DELIVERED:
                row.note_delivered(now=now)
            continue
        row.route, row.state, row.returned_at = Route.NONE, State.WAITING, now
        row.delivered_at = row.next_attempt_at = row.first_attempt_at = None
        row.attempts, row.provider_reference, row.error = 0, "", ""
        row.save(update_fields=FIELDS)
        for kind in (Discrepancy.Kind.USAGE_REFUSED, Discrepancy.Kind.USAGE_DIFFERS):
            discrepancies.settle(
                kind=kind,
                provider=row.provider,
                subject=row.key,
                settlement="its subscription has ended: nobody bills it",
                now=now,
            )


def _close(
    subscription: Subscription, now: datetime, found: left_out.Found | None = None
) -> bool:
    for period, ours, theirs in found.differing if found else []:
        discrepancies.open_one(
            kind=Discrepancy.Kind.USAGE_DIFFERS,
            provider=subscription.provider,
            subject=f"{subscription.provider_subscription_id} from {period}",
            organization_id=subscription.organization_id,
            ours=ours,
            theirs=theirs,
            now=now,
        )
    discrepancies.settle(
        kind=Discrepancy.Kind.USAGE_DIFFERS,
        provider=subscription.provider,
        subject=subscription.provider_subscription_id,
        settlement="its last invoice is final",
        now=now,
    )
    subscription.overage_settled_at = now
    subscription.save(update_fields=["overage_settled_at"])
    return True


def _tell_of_drafts(subscription: Subscription, billed: BilledUsage, now: datetime) -> None:
    """Nobody can say what an ended subscription leaves out while a draft is not closed."""
    if subscription.ended_at is None or now < subscription.ended_at + DRAFT_MAY_LAST:
        return
    discrepancies.open_one(
        kind=Discrepancy.Kind.USAGE_DIFFERS,
        provider=subscription.provider,
        subject=subscription.provider_subscription_id,
        organization_id=subscription.organization_id,
        ours="overage of an ended subscription",
        theirs=f"drafts that nobody closes: {', '.join(billed.drafts)}"[:300],
        now=now,
    )
