"""Turning automatic top-ups on and off, and what people may see of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from django.db import transaction

from accounts import audit
from accounts.models import Organization, User
from billing import customers, provider_failures
from billing.errors import NoSavedCard, TopUpOutOfBounds, TopUpUnderWay
from billing.models import AutoTopUp, Payment, TopUp
from billing.providers import registry
from billing.providers.answers import SavedCard
from billing.providers.base import ProviderError, SavedCardProvider
from billing.topups import starting
from metering.balances import top_ups_due

# How many of the newest payments are asked for a card.
PAYMENTS_ASKED_MAX = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done: below which free balance, how much, and how much at most."""

    threshold: Decimal
    amount: Decimal
    max_per_day: Decimal
    max_per_month: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """A standing order as people see it."""

    is_on: bool
    threshold: Decimal
    amount: Decimal
    max_per_day: Decimal
    max_per_month: Decimal
    currency: str
    card_label: str
    declines_in_a_row: int
    paused_at: datetime | None


def turn_on(
    organization: Organization, order: Order, *, by: User | None, now: datetime
) -> Report:
    """Fill the wallet from now on whenever it is low, from the card of the newest payment
    that left one. Turning it on again mends a pause.

    Raises `TopUpOutOfBounds`, `NoSavedCard`, `TopUpUnderWay`, `ProviderUnavailable`.
    """
    _demand_sense(order, organization.currency, now)
    provider, card = _newest_card(organization, now)
    with transaction.atomic():
        _demand_nothing_in_flight(organization)
        row, _ = AutoTopUp.objects.update_or_create(
            organization=organization,
            defaults={
                "is_on": True,
                "threshold": order.threshold,
                "amount": order.amount,
                "max_per_day": order.max_per_day,
                "max_per_month": order.max_per_month,
                "currency": organization.currency,
                "provider": provider,
                "card_token": card.token,
                "card_label": card.label,
                "card_email": card.email,
                "declines_in_a_row": 0,
                "paused_at": None,
                "updated_at": now,
            },
        )
        top_ups_due.watch(organization.pk, below=order.threshold)
        audit.record(
            organization=organization,
            actor=by or "billing",
            action="auto_top_up.turned_on",
            detail={"threshold": str(order.threshold), "amount": str(order.amount)},
            now=now,
        )
    return _report(row)


@transaction.atomic
def turn_off(organization: Organization, *, by: User | None, now: datetime) -> None:
    """Charge nothing any more; quiet if nothing was on."""
    on = AutoTopUp.objects.filter(organization=organization, is_on=True)
    if not on.update(is_on=False, updated_at=now):
        return
    top_ups_due.watch_no_more(organization.pk)
    audit.record(
        organization=organization,
        actor=by or "billing",
        action="auto_top_up.turned_off",
        now=now,
    )


def report_of(organization: Organization) -> Report | None:
    """Return the standing order; None if there never was one."""
    row = AutoTopUp.objects.filter(organization=organization).first()
    return _report(row) if row else None


def _demand_sense(order: Order, currency: str, now: datetime) -> None:
    starting.demand_within_bounds(order.amount, currency, now=now)
    if order.threshold < 0:
        raise TopUpOutOfBounds("The threshold cannot be below zero.")
    if not order.amount <= order.max_per_day <= order.max_per_month:
        raise TopUpOutOfBounds(
            "A day must allow one top-up at least, and a month one such day."
        )


def _demand_nothing_in_flight(organization: Organization) -> None:
    """A charge is found out about with the card that it was asked for with."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if TopUp.objects.filter(
        organization=organization, is_automatic=True, state=TopUp.State.PENDING
    ).exists():
        raise TopUpUnderWay


def _newest_card(organization: Organization, now: datetime) -> tuple[str, SavedCard]:
    payments = Payment.objects.filter(organization=organization).order_by("-paid_at")
    try:
        for payment in payments[:PAYMENTS_ASKED_MAX]:
            adapter = registry.get(payment.provider)
            if not hasattr(adapter, "saved_card"):
                continue
            card = cast(SavedCardProvider, adapter).saved_card(
                customers.ensure(organization, adapter, now=now),
                payment_id=payment.provider_payment_id,
            )
            if card:
                return payment.provider, card
    except ProviderError as error:
        raise provider_failures.told(error) from error
    raise NoSavedCard


def _report(row: AutoTopUp) -> Report:
    return Report(
        is_on=row.is_on,
        threshold=row.threshold,
        amount=row.amount,
        max_per_day=row.max_per_day,
        max_per_month=row.max_per_month,
        currency=row.currency,
        card_label=row.card_label,
        declines_in_a_row=row.declines_in_a_row,
        paused_at=row.paused_at,
    )
