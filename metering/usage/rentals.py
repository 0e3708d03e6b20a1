"""The monthly rental of phone numbers: once per number and calendar month of the
organization, where its card has a price for it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts import organizations
from accounts.models import Organization
from metering.models import PhoneNumber, Rate
from metering.usage import record
from metering.usage.events import Use

METER = Rate.Meter.PHONE_NUMBER_MONTH


def organizations_that_rent() -> list[UUID]:
    """Return active organizations whose card in force prices numbers, and that have some."""
    rows = PhoneNumber.objects.filter(
        valid_to__isnull=True,
        organization__status=Organization.Status.ACTIVE,
        organization__allowance__rate_card__rates__meter=METER,
    )
    return list(rows.order_by().values_list("organization_id", flat=True).distinct())


def charge(organization_id: UUID, *, now: datetime) -> int:
    """Charge the running month of each number that was not charged yet; returns how many.

    A number that stays for part of a month pays for the month, one that is taken over again
    within it does not pay twice. It is a fact: a wallet may go below zero for it.
    """
    organization = Organization.objects.get(pk=organization_id)
    zone = ZoneInfo(organizations.zone_at(organization, now))
    month = now.astimezone(zone).strftime("%Y-%m")
    numbers = PhoneNumber.objects.filter(organization=organization, valid_to__isnull=True)
    uses = [
        Use(
            meter=METER,
            quantity=Decimal(1),
            key=f"_rental:{e164}:{month}",
            metadata={"number": e164, "month": month},
            is_fact=True,
            is_own=True,
        )
        for e164 in sorted(set(numbers.values_list("e164", flat=True)))
    ]
    charged = 0
    for start in range(0, len(uses), record.BATCH_MAX):
        done = record.record(organization, uses[start : start + record.BATCH_MAX], now=now)
        charged += sum(one.outcome == "recorded" for one in done)
    return charged
