"""Turning amounts into another currency, at the rate that staff entered for the day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from billing.errors import NoRate
from billing.models import ExchangeRate
from servicebilling.lib import money

USD = "USD"


def rate_at(base: str, quote: str, at: datetime) -> Decimal:
    """Return how many units of `quote` one unit of `base` was worth.

    A rate entered the other way round serves as well. Raises `NoRate` if none was in force.
    """
    if base == quote:
        return Decimal(1)
    found = _in_force(base, quote, at)
    if found is not None:
        return found
    found = _in_force(quote, base, at)
    if found is None:
        raise NoRate(f"There is no exchange rate of {base} to {quote} at {at:%Y-%m-%d}.")
    return 1 / found


def cost_in(currency: str, cost_usd: Decimal, *, at: datetime) -> Decimal:
    """Return what a provider charged in USD, in another currency, to six places.

    Raises `NoRate`.
    """
    exact = cost_usd * rate_at(USD, currency, at)
    return money.amount(round(exact, money.PLACES))


@transaction.atomic
def enter(
    *, base: str, quote: str, rate: Decimal, actor: Actor, now: datetime
) -> ExchangeRate:
    """Put a rate in force from now on; what was before stays as it was."""
    row = ExchangeRate.objects.create(
        base=base,
        quote=quote,
        rate=rate,
        valid_from=now,
        created_at=now,
        created_by=actor if isinstance(actor, User) else None,
    )
    audit.record(
        organization=None,
        actor=actor,
        action="exchange_rate.entered",
        detail={"base": base, "quote": quote, "rate": rate},
        now=now,
    )
    return row


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates between the dollar and some currencies, read once for a list of amounts."""

    # By (base, quote), newest first.
    rows: dict[tuple[str, str], list[tuple[datetime, Decimal]]]

    @classmethod
    def of(cls, currencies: Iterable[str]) -> Self:
        """Read them with one statement, or none where all is in dollars."""
        wanted = set(currencies) - {USD}
        rows: dict[tuple[str, str], list[tuple[datetime, Decimal]]] = {}
        if wanted:
            either = Q(base=USD, quote__in=wanted) | Q(base__in=wanted, quote=USD)
            for row in ExchangeRate.objects.filter(either).order_by("-valid_from"):
                rows.setdefault((row.base, row.quote), []).append(
                    (row.valid_from, row.rate)
                )
        return cls(rows)

    def cost_in(self, currency: str, cost_usd: Decimal, *, at: datetime) -> Decimal:
        """Return what the function of this name would. Raises `NoRate`."""
        if currency == USD:
            return cost_usd
        rate = self._at(USD, currency, at)
        if rate is None:
            inverse = self._at(currency, USD, at)
            if inverse is None:
                raise NoRate(f"There is no exchange rate of {USD} to {currency}.")
            rate = 1 / inverse
        return money.amount(round(cost_usd * rate, money.PLACES))

    def in_usd(self, amount: Decimal, currency: str, *, at: datetime) -> Decimal:
        """Return what an amount was worth in dollars. Raises `NoRate`."""
        if currency == USD:
            return amount
        rate = self._at(currency, USD, at)
        if rate is None:
            inverse = self._at(USD, currency, at)
            if inverse is None:
                raise NoRate(f"There is no exchange rate of {currency} to {USD}.")
            rate = 1 / inverse
        return money.amount(round(amount * rate, money.PLACES))

    def _at(self, base: str, quote: str, at: datetime) -> Decimal | None:
        dated = self.rows.get((base, quote), [])
        return next((rate for valid_from, rate in dated if valid_from <= at), None)


def _in_force(base: str, quote: str, at: datetime) -> Decimal | None:
    return (
        ExchangeRate.objects.filter(base=base, quote=quote, valid_from__lte=at)
        .order_by("-valid_from")
        .values_list("rate", flat=True)
        .first()
    )
