"""The sums by day and by cycle, computed anew from calls and events.

Roll-ups are written in the transaction that charges, so they never need this; it is here to
prove it, and to mend what a hand in the database broke.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Organization
from metering.balances import ledger
from metering.models import CycleUsage, DailyUsage

DayKey = tuple[date, str, UUID | None, UUID | None]
CycleKey = tuple[UUID, str, UUID]

_USES = "CASE kind WHEN 'usage' THEN 1 WHEN 'void' THEN -1 ELSE 0 END"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what calls and events come to; `found` None: it is missing."""

    organization: str
    table: str
    row: str
    expected: str
    found: str | None


def rebuild(
    organization: Organization, *, dry_run: bool, now: datetime
) -> list[Difference]:
    """Compare the sums of one organization with its calls and events, and mend them.

    Settling waits meanwhile. A dry run only says what differs.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT book_lock(%s::uuid[])", [[organization.pk]])
        days = _differing(_days_stored(organization), _days_counted(organization))
        cycles = _differing(_cycles_stored(organization), _cycles_counted(organization))
        if not dry_run:
            _write_days(organization, days)
            _write_cycles(organization, cycles)
            if cycles:
                # What is left of a credit limit follows from them.
                with ledger.opened_one(organization.pk, now=now):
                    """Opening and closing the book writes the ceiling."""
    return [
        _difference(organization, table, key, was, counted)
        for table, found in (("daily_usage", days), ("cycle_usage", cycles))
        for key, (was, counted) in found.items()
    ]


def _days_stored(organization: Organization) -> dict[DayKey, tuple[Any, ...]]:
    return {
        (row.day, row.meter, row.agent_id, row.phone_number_id): (
            row.count,
            row.quantity,
            row.talk_seconds,
            row.hours,
            row.cost,
            row.price,
        )
        for row in DailyUsage.objects.filter(organization=organization)
    }


def _days_counted(organization: Organization) -> dict[DayKey, tuple[Any, ...]]:
    zone, values = _zone_of("occurred_at", organization)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT (local).day, meter, agent_id, phone_number_id, (local).hour,
              sum(count), sum(quantity), sum(talk_seconds), sum(cost), sum(price)
            FROM (
              SELECT occurred_at AT TIME ZONE {zone} AS at, 'voice_minute' AS meter,
                agent_id, phone_number_id, 1 AS count,
                billed_minutes::numeric(20, 6) AS quantity,
                coalesce(duration_seconds, 0) AS talk_seconds, coalesce(cost, 0) AS cost,
                price
              FROM calls WHERE organization_id = %s AND revision > 0
              UNION ALL
              SELECT occurred_at AT TIME ZONE {zone}, meter, NULL, NULL, {_USES}, quantity,
                0, 0, total
              FROM usage_events WHERE organization_id = %s AND call_id IS NULL) x
            CROSS JOIN LATERAL (
              SELECT at::date AS day, extract(hour FROM at)::int AS hour) local
            GROUP BY 1, 2, 3, 4, 5
            """,  # noqa: S608
            [*values, organization.pk, *values, organization.pk],
        )
        rows = cursor.fetchall()
    days: dict[DayKey, tuple[Any, ...]] = {}
    for day, meter, agent, number, hour, *sums in rows:
        key = (day, meter, agent, number)
        count, quantity, talk, hours, cost, price = days.get(key, _NO_DAY)
        hours = [*hours[:hour], hours[hour] + sums[0], *hours[hour + 1 :]]
        days[key] = (
            count + sums[0],
            quantity + sums[1],
            talk + sums[2],
            hours,
            cost + sums[3],
            price + sums[4],
        )
    return days


_NO_DAY = (0, Decimal(0), 0, [0] * 24, Decimal(0), Decimal(0))


def _zone_of(column: str, organization: Organization) -> tuple[str, list[Any]]:
    """SQL for the zone that a moment's day is counted in, and its values."""
    cases, values = "", []
    for before in organization.timezones_before:
        cases += f" WHEN {column} < %s::timestamptz THEN %s"
        values += [datetime.fromisoformat(before["until"]), before["timezone"]]
    values.append(organization.timezone)
    return (f"(CASE{cases} ELSE %s END)" if cases else "%s"), values


def _cycles_stored(organization: Organization) -> dict[CycleKey, tuple[Any, ...]]:
    return {
        (row.cycle_id, row.meter, row.rate_card_id): (
            row.count,
            row.quantity,
            row.charged_quantity,
            row.price,
        )
        for row in CycleUsage.objects.filter(organization=organization)
    }


def _cycles_counted(organization: Organization) -> dict[CycleKey, tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT cycle_id, meter, rate_card_id, sum({_USES}), sum(quantity),
              sum(charged_quantity), sum(total)
            FROM usage_events WHERE organization_id = %s AND call_id IS NULL
            GROUP BY 1, 2, 3
            """,  # noqa: S608
            [organization.pk],
        )
        return {row[:3]: row[3:] for row in cursor.fetchall()}


def _differing(stored: dict[Any, Any], counted: dict[Any, Any]) -> dict[Any, Any]:
    """Return what was stored and what was counted, where they differ; a row of zeros says
    the same as none."""
    keys = stored.keys() | counted.keys()
    pairs = {key: (stored.get(key), counted.get(key)) for key in keys}
    return {
        key: pair
        for key, pair in pairs.items()
        if pair[0] != pair[1] and not (_is_nothing(pair[0]) and _is_nothing(pair[1]))
    }


def _is_nothing(sums: tuple[Any, ...] | None) -> bool:
    return sums is None or not any(any(s) if isinstance(s, list) else s for s in sums)


def _write_days(organization: Organization, days: dict[DayKey, Any]) -> None:
    names = ("count", "quantity", "talk_seconds", "hours", "cost", "price")
    for (day, meter, agent, number), (_, counted) in days.items():
        which: dict[str, Any] = {"agent_id": agent, "phone_number_id": number}
        DailyUsage.objects.update_or_create(
            organization=organization,
            day=day,
            meter=meter,
            **which,
            defaults=dict(zip(names, counted or _NO_DAY, strict=True)),
        )


def _write_cycles(organization: Organization, cycles: dict[CycleKey, Any]) -> None:
    names = ("count", "quantity", "charged_quantity", "price")
    nothing = (0, Decimal(0), Decimal(0), Decimal(0))
    for (cycle, meter, card), (_, counted) in cycles.items():
        CycleUsage.objects.update_or_create(
            organization=organization,
            cycle_id=cycle,
            meter=meter,
            rate_card_id=card,
            defaults=dict(zip(names, counted or nothing, strict=True))
            | {"currency": organization.currency},
        )


def _difference(
    organization: Organization, table: str, key: Any, was: Any, counted: Any
) -> Difference:
    return Difference(
        organization=organization.slug,
        table=table,
        row=" ".join("-" if part is None else str(part) for part in key),
        expected=_shown(counted),
        found=None if was is None else _shown(was),
    )


def _shown(sums: tuple[Any, ...] | None) -> str:
    return ", ".join(str(part) for part in sums or ("nothing",))
