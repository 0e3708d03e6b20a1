"""Putting a plan in force for an organization: its currency, its card, its first cycle."""

import re
from datetime import datetime

from django.db import transaction

from accounts.models import Organization
from billing.errors import NotSold, OtherCurrency
from billing.models import Plan
from metering.balances import cycles
from metering.models import (
    Allowance,
    CycleCharge,
    CycleUsage,
    RateCard,
    Wallet,
    WalletTransaction,
)

WITHOUT_PLAN = "none"
# `none`, `none-eur`, and their later versions.
_CARDS_WITHOUT_PLAN = rf"^{WITHOUT_PLAN}(-[a-z]{{3}})?(-[0-9]+)?$"


def get(code: str) -> Plan:
    """Return an active plan. Raises `NotSold`, naming those that exist."""
    plan = (
        Plan.objects.select_related("rate_card").filter(code=code, is_active=True).first()
    )
    if plan is None:
        known = ", ".join(
            Plan.objects.filter(is_active=True).values_list("code", flat=True)
        )
        raise NotSold(
            f"There is no plan {code!r}. "
            + (f"Known plans: {known}." if known else "Run load_catalogue first.")
        )
    return plan


def on_sale(code: str) -> Plan:
    """Return a plan that every customer may buy.

    Raises `NotSold`, naming no others: those that are not shown are made for somebody.
    """
    shown = Plan.objects.select_related("rate_card").filter(is_active=True, is_public=True)
    plan = shown.filter(code=code).first()
    if plan is None:
        raise NotSold(f"There is no plan {code!r} on sale.")
    return plan


@transaction.atomic
def open_organization(*, organization: Organization, plan: Plan, now: datetime) -> None:
    """Give a new organization its balances on the plan's terms, in the plan's currency.

    The plan is in force without an end: whoever calls this vouches for it.
    """
    if organization.currency != plan.currency:
        organization.currency = plan.currency
        organization.save(update_fields=["currency"])
    is_none = plan.code == WITHOUT_PLAN
    cycles.begin(
        organization_id=organization.pk,
        card_id=plan.rate_card_id,
        now=now,
        standing=Allowance.Standing.NO_PLAN if is_none else Allowance.Standing.GOOD,
    )


@transaction.atomic
def adopt_currency(organization: Organization, currency: str) -> None:
    """Let the first plan decide the currency. Nothing is ever converted, so this is refused
    (`OtherCurrency`) once money has moved in another one."""
    locked = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if locked.currency == currency:
        return
    if has_money(locked):
        raise OtherCurrency
    Wallet.objects.filter(organization=locked).update(currency=currency)
    locked.currency = currency
    locked.save(update_fields=["currency"])
    organization.currency = currency


def has_money(organization: Organization) -> bool:
    """Return whether money has moved in the organization's currency already."""
    return (
        WalletTransaction.objects.filter(organization=organization).exists()
        or CycleCharge.objects.filter(organization=organization, amount__gt=0).exists()
        or CycleUsage.objects.filter(organization=organization, price__gt=0).exists()
    )


def cards_without_plan() -> dict[str, RateCard]:
    """Return what is in force without a plan, by currency; USD first."""
    cards = RateCard.objects.filter(code__regex=_CARDS_WITHOUT_PLAN).order_by("created_at")
    newest = {card.currency: card for card in cards}
    return {code: newest[code] for code in sorted(newest, key=lambda c: (c != "USD", c))}


def is_without_plan(card: RateCard) -> bool:
    """Return whether a card is what is in force where there is no plan."""
    return re.match(_CARDS_WITHOUT_PLAN, card.code) is not None


def card_without_plan(currency: str) -> RateCard:
    """Return the card without a plan in a currency that something is sold in.

    Raises `OtherCurrency`.
    """
    try:
        return cards_without_plan()[currency]
    except KeyError as error:
        raise OtherCurrency from error
