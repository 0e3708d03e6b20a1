"""Minutes paid from the wallet: debit and credit in one transaction, or neither."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import Organization, User
from billing.errors import NotSold, OtherCurrency, TooLittleMoney
from billing.models import MinuteBundle, Purchase
from billing.purchases import starting
from metering.balances import ledger
from servicebilling.lib.ids import new_id

PROVIDER = "wallet"


@transaction.atomic
def buy(
    *,
    organization: Organization,
    bundle_code: str,
    bought_by: User | None,
    now: datetime,
    attempt: UUID | None = None,
) -> Purchase:
    """Return a purchase that is paid and credited.

    `attempt` names one click: the same one again is the same purchase. Money that open calls
    may need cannot be spent. Raises `NotSold`, `OtherCurrency`, `TooLittleMoney`.
    """
    bundle = MinuteBundle.objects.filter(code=bundle_code, is_active=True).first()
    if bundle is None:
        raise NotSold
    if bundle.currency != organization.currency:
        raise OtherCurrency
    with ledger.opened_one(organization.pk, now=now):
        """Takes the allowance's lock first; the second of two clicks queues here."""
    known = Purchase.objects.filter(pk=attempt).first() if attempt else None
    if known and known.organization_id == organization.pk:
        return known
    price = starting.minute_price(organization, now=now)
    purchase = Purchase(
        pk=new_id() if known else attempt or new_id(),
        organization=organization,
        bundle=bundle,
        minutes=bundle.minutes,
        base_minute_cost=price.base_minute_cost,
        markup_percent=price.markup_percent,
        price=price.of(bundle.minutes),
        currency=bundle.currency,
        state=Purchase.State.FULFILLED,
        provider=PROVIDER,
        started_by=bought_by,
        created_at=now,
        fulfilled_at=now,
    )
    _move(purchase, now)
    purchase.save(force_insert=True)
    audit.record(
        organization=organization,
        actor=bought_by or "wallet",
        action="purchase.fulfilled",
        detail={"purchase": str(purchase.pk), "minutes": purchase.minutes},
        now=now,
    )
    return purchase


def _move(purchase: Purchase, now: datetime) -> None:
    reference = f"purchase:{purchase.pk}"
    try:
        ledger.spend_money(
            organization_id=purchase.organization_id,
            amount=purchase.price,
            kind="purchase",
            reference=reference,
            reason=f"{purchase.minutes} minutes bought",
            now=now,
            actor_id=purchase.started_by_id,
        )
    except ledger.NotAvailable as error:
        raise TooLittleMoney from error
    ledger.add_credit_minutes(
        organization_id=purchase.organization_id,
        minutes=purchase.minutes,
        kind="purchase",
        reference=reference,
        reason=f"{purchase.minutes} minutes bought from the wallet",
        now=now,
        actor_id=purchase.started_by_id,
    )
