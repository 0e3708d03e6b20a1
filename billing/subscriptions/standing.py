"""What a subscription's status means for the calls of its organization."""

from datetime import datetime, timedelta

from billing.invoices import overdue
from billing.models import Subscription, SubscriptionStatus
from metering.models import Allowance

# After a failed renewal calls go on for a while: most cards are mended within days.
GRACE = timedelta(days=3)

Standing = Allowance.Standing


def of(subscription: Subscription, *, now: datetime) -> str | None:
    """Return the standing to push; None where the subscription has nothing to say yet."""
    match subscription.status:
        case SubscriptionStatus.ACTIVE | SubscriptionStatus.TRIALING:
            return Standing.GOOD
        case SubscriptionStatus.PAST_DUE:
            since = subscription.past_due_since or now
            return Standing.GRACE if now < since + GRACE else Standing.PAST_DUE
        case SubscriptionStatus.UNPAID | SubscriptionStatus.PAUSED:
            return Standing.PAST_DUE
        case _:
            return None


def beside_debts(subscription: Subscription, *, now: datetime) -> str | None:
    """Return the same, but that an invoice of ours which is overdue stops calls also beside
    a subscription that is paid."""
    said = of(subscription, now=now)
    if said in (Standing.GOOD, Standing.GRACE) and overdue.is_behind(
        subscription.organization_id, now=now
    ):
        return Standing.PAST_DUE
    return said
