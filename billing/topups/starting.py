"""Beginning to fill a wallet: the customer names the amount, within the platform's bounds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts import settings_history
from accounts.models import Organization, User
from billing.errors import OtherCurrency, TopUpOutOfBounds
from billing.models import TopUp
from servicebilling.lib import money

# A second click opens the page of the first.
SAME_ATTEMPT = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one top-up may be; None: wallets in this currency cannot be filled."""

    minimum: Decimal | None
    maximum: Decimal | None
    currency: str


def bounds(currency: str, *, now: datetime) -> Bounds:
    said = settings_history.values_at(["top_up_minimum", "top_up_maximum"], None, now)
    least = said["top_up_minimum"].get(currency)
    most = said["top_up_maximum"].get(currency)
    if least is None or most is None:
        return Bounds(None, None, currency)
    return Bounds(Decimal(least), Decimal(most), currency)


def demand_within_bounds(amount: Decimal, currency: str, *, now: datetime) -> None:
    """Raise `TopUpOutOfBounds`, in words, unless an amount can really be paid in once."""
    allowed = bounds(currency, now=now)
    if allowed.minimum is None or allowed.maximum is None:
        raise TopUpOutOfBounds(f"Wallets in {currency} cannot be filled here.")
    if not allowed.minimum <= amount <= allowed.maximum:
        least = money.shown(allowed.minimum, currency)
        raise TopUpOutOfBounds(
            f"The amount must be from {least} to {money.shown(allowed.maximum, currency)}."
        )
    try:
        money.to_minor(amount, currency)
    except money.InvalidAmount as error:
        raise TopUpOutOfBounds(f"{currency} is not paid in such small parts.") from error


@transaction.atomic
def start(
    *,
    organization: Organization,
    amount: Decimal,
    currency: str,
    provider: str,
    started_by: User | None,
    now: datetime,
) -> TopUp:
    """Return a pending top-up.

    A pending one of the last minutes for the same amount is returned again, so two clicks
    are one payment. Raises `OtherCurrency`, `TopUpOutOfBounds`.
    """
    # Both clicks queue here; the second finds the first one's row.
    locked = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if currency != locked.currency:
        raise OtherCurrency
    demand_within_bounds(amount, currency, now=now)
    pending = TopUp.objects.filter(
        organization=locked,
        amount=amount,
        currency=currency,
        provider=provider,
        state=TopUp.State.PENDING,
        is_automatic=False,
        started_by=started_by,
        created_at__gt=now - SAME_ATTEMPT,
    ).first()
    return pending or TopUp.objects.create(
        organization=locked,
        amount=amount,
        currency=currency,
        provider=provider,
        started_by=started_by,
        created_at=now,
    )


def note_checkout(top_up: TopUp, *, checkout_id: str, url: str) -> None:
    """Remember the provider's page of a top-up."""
    TopUp.objects.filter(pk=top_up.pk).update(checkout_id=checkout_id, checkout_url=url)
