"""Organizations that use meters, and what they used."""

from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Organization
from metering.models import CycleUsage, Wallet
from metering.usage import record
from metering.usage.events import Recorded, Use
from tests.factories import metering as make

_numbers = count(1)


def begin(
    now: datetime,
    *,
    when_exhausted: str = "wallet",
    wallet: str = "0",
    terms: dict[str, Any] | None = None,
    **rate: Any,
) -> Organization:
    """An organization whose card rates API calls (`rate`: see `make_rate`)."""
    card = make.make_card(
        when_exhausted=when_exhausted, included_minutes=0, **(terms or {})
    )
    make.make_rate(card, **rate)
    return make.make_balances(now=now, card=card, wallet=wallet)


def use(quantity: str = "1", *, key: str = "", meter: str = "api_call", **fields) -> Use:
    return Use(
        meter=meter,
        quantity=Decimal(quantity),
        key=key or f"key-{next(_numbers)}",
        **fields,
    )


def used(organization: Organization, *uses: Use, now: datetime) -> list[Recorded]:
    return record.record(organization, uses, now=now)


def sums(organization: Organization, meter: str = "api_call") -> tuple[Decimal, ...]:
    """Quantity, charged quantity and price of the running cycle."""
    row = CycleUsage.objects.get(
        cycle=organization.allowance.cycle_id, meter=meter, organization=organization
    )
    return row.quantity, row.charged_quantity, row.price


def balance(organization: Organization) -> Decimal:
    return Wallet.objects.get(organization=organization).balance
