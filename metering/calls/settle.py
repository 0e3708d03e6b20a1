"""The one way a call is charged: a batch of reports in one transaction.

Two statements: lock and read everything, rate in memory, write it all. One report is a
batch of one. Each call is charged once, however often and by whatever way it is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from metering.balances import book_rows, cards
from metering.balances.book import Book
from metering.calls import charging, gate
from metering.calls.charging import Posting, Route
from metering.notices import telling
from metering.notices.levels import level_of
from metering.providers.base import CallReport

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a report: an outcome of `charging.apply`, or `unmatched`."""

    outcome: str
    call_id: UUID | None = None
    organization_id: UUID | None = None
    # What the call took in all, this report included.
    duration_seconds: int | None = None
    billed_minutes: int = 0
    price: Decimal = Decimal(0)
    currency: str = ""


# Whoever is giving one of these calls to an organization by hand (`assigning`) comes first:
# the function looks for the call's owner once these locks are there.
_READ = """
  SELECT settle_read(%(refs)s::jsonb)::text FROM (
    SELECT count(pg_advisory_xact_lock_shared(
      hashtextextended(r.provider || ':' || r.call_id, 0)))
    FROM jsonb_to_recordset(%(refs)s::jsonb) AS r(provider text, call_id text)) AS locked
"""


def settle(reports: Sequence[CallReport], *, now: datetime) -> list[Settled]:
    """Charge a batch of reports; all or nothing. Results are in the order of the reports.

    A report of nobody's call, or of an organization that has no balances yet, stays
    `unmatched`: its message is kept, to be settled once that is mended. Raises
    `django.db.Error`; then nothing has happened.
    """
    with transaction.atomic():
        batch = _Batch(_read(reports), now)
        settled = [batch.take(number, report) for number, report in enumerate(reports)]
        batch.write()
    return settled


def _read(reports: Sequence[CallReport]) -> Row:
    refs = [
        gate.ref_json(report.ref, at=report.started_at or report.at, number=number)
        | {"started_at": report.started_at or report.at}
        for number, report in enumerate(reports)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"refs": book_rows.dumps(refs)})
        found: Row = book_rows.loads(cursor.fetchone()[0])
    return found


class _Batch:
    """The rows of one batch, between reading and writing."""

    def __init__(self, found: Row, now: datetime) -> None:
        self.now = now
        self.routes = {route["n"]: _route(route) for route in found["routes"]}
        self.calls = {_key(call): call for call in found["calls"]}
        self.holds = {
            hold["reference"]: book_rows.held_call(hold) for hold in found["holds"]
        }
        self.books = book_rows.read(found["books"])
        known = cards.get(
            [UUID(call["rate_card_id"]) for call in found["calls"] if call["rate_card_id"]]
            + [hold.card_id for hold in self.holds.values()]
        )
        self.changed: set[UUID] = set()
        for book in self.books.values():
            book.cards |= known
            book.roll_over(now)
            if book.movements:
                self.changed.add(book.organization_id)
        self.levels = {owner: level_of(book) for owner, book in self.books.items()}
        self.postings: list[Posting] = []
        self.messages: list[Row] = []

    def take(self, number: int, report: CallReport) -> Settled:
        route = self.routes.get(number)
        if route is None or route.organization_id not in self.books:
            self._keep(report, "unmatched", None)
            return Settled("unmatched")
        ref = report.ref
        reference = f"{ref.provider}:{ref.call_id}"
        key = (str(route.organization_id), reference)
        posting = charging.apply(
            report,
            route=route,
            call=self.calls.get(key),
            hold=self.holds.get(reference),
            book=self.books[route.organization_id],
            now=self.now,
        )
        self.calls[key] = posting.call
        if posting.hold is not None:
            self.holds[reference] = posting.hold
        if posting.hold is not None or posting.outcome in ("charged", "superseded"):
            self.changed.add(route.organization_id)
        if posting.outcome != "already":
            self.postings.append(posting)
        self._keep(report, "processed", route.organization_id)
        return _settled(posting, route.organization_id)

    def write(self) -> None:
        payload = {
            "calls": list({str(p.call["id"]): p.call for p in self.postings}.values()),
            "events": [event for p in self.postings for event in p.events],
            "days": _summed([day for p in self.postings for day in p.days]),
            "messages": list(
                {
                    (row["provider"], row["external_id"]): row for row in self.messages
                }.values()
            ),
        }
        payload = {name: rows for name, rows in payload.items() if rows}
        books = None
        if self.changed:
            changed: list[Book] = [
                self.books[organization] for organization in self.changed
            ]
            books = book_rows.rows(changed, self.now)
        if books is None and not payload:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT settle_write(%s::jsonb, %s::jsonb)",
                [
                    None if books is None else book_rows.dumps(books),
                    book_rows.dumps(payload),
                ],
            )
        for owner in sorted(self.changed):
            telling.tell(self.levels[owner], self.books[owner], now=self.now)

    def _keep(self, report: CallReport, state: str, organization_id: UUID | None) -> None:
        message = report.message
        if message is None:
            return
        self.messages.append(
            {
                "provider": message.provider,
                "kind": message.kind,
                "external_id": message.external_id,
                "body": message.body,
                "state": state,
                "received_at": message.received_at,
                "processed_at": self.now if state == "processed" else None,
                "organization_id": organization_id,
                "provider_call_id": message.call_id,
            }
        )


def _settled(posting: Posting, organization_id: UUID) -> Settled:
    call = posting.call
    return Settled(
        posting.outcome,
        UUID(str(call["id"])),
        organization_id,
        duration_seconds=call["duration_seconds"],
        billed_minutes=call["billed_minutes"],
        price=Decimal(call["price"]),
        currency=call["currency"],
    )


def _route(found: Row) -> Route:
    return Route(
        organization_id=UUID(found["organization_id"]),
        phone_number_id=found["phone_number_id"] and UUID(found["phone_number_id"]),
        agent_id=found["agent_id"] and UUID(found["agent_id"]),
    )


def _key(call: Row) -> tuple[str, str]:
    return call["organization_id"], f"{call['provider']}:{call['provider_call_id']}"


def _summed(days: list[Row]) -> list[Row]:
    """One row per target: a statement may touch each row once."""
    sums: dict[tuple[str, ...], Row] = {}
    for day in days:
        target = ("organization_id", "day", "meter", "agent_id", "phone_number_id")
        key = tuple(str(day[name]) for name in target)
        if key not in sums:
            sums[key] = dict(day)
            continue
        total = sums[key]
        for name in ("count", "quantity", "talk_seconds", "cost", "price"):
            total[name] += day[name]
        total["hours"] = [a + b for a, b in zip(total["hours"], day["hours"], strict=True)]
    # In one order, so that two batches never wait for each other's rows crosswise.
    return [sums[key] for key in sorted(sums)]
