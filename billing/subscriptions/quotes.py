"""The price of a change of plan as it was shown: what is charged is that, to the cent.

Providers prorate by the second, so the same change costs a little less with each one. A quote
says from which moment the price was counted, signed, for one change of one subscription as it
was then.
"""

from datetime import UTC, datetime, timedelta

from django.core import signing

from billing.errors import QuoteGone
from billing.models import Subscription

HOLDS_FOR = timedelta(hours=1)
_SALT = "billing.change-of-plan"


def give(
    subscription: Subscription, *, plan_code: str, billing_period: str, at: datetime
) -> str:
    """Return the quote of a price that counts from a moment."""
    said = [*_about(subscription, plan_code, billing_period), int(at.timestamp())]
    return signing.dumps(said, salt=_SALT)


def read(
    quote: str,
    subscription: Subscription,
    *,
    plan_code: str,
    billing_period: str,
    now: datetime,
) -> datetime | None:
    """Return the moment that a quoted price counts from; None where there was no quote.

    Raises `QuoteGone` for one that is too old, forged, of another change, or of a
    subscription that has changed since.
    """
    if not quote:
        return None
    try:
        *about, seconds = signing.loads(quote, salt=_SALT)
    except signing.BadSignature as error:
        raise QuoteGone from error
    at = datetime.fromtimestamp(seconds, UTC)
    is_same = about == _about(subscription, plan_code, billing_period)
    if not is_same or now > at + HOLDS_FOR:
        raise QuoteGone
    return at


def _about(subscription: Subscription, plan_code: str, billing_period: str) -> list[object]:
    """From what to what, and in which period: within another one Stripe cannot count."""
    began_at = subscription.period_starts_at
    return [
        str(subscription.pk),
        subscription.plan.code,
        subscription.billing_period,
        int(began_at.timestamp()) if began_at else 0,
        plan_code,
        billing_period,
    ]
