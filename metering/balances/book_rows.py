"""Books to and from the JSON of the database functions `book_json` and `book_write`."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metering.balances import cards
from metering.balances.book import Book, Charge, Cycle, Usage
from metering.balances.entries import HeldCall
from metering.rating import Card

Json = dict[str, Any]


def loads(text: str) -> Any:
    """JSON of the database, with exact numbers."""
    return json.loads(text, parse_float=Decimal)


def read(found: list[Json]) -> dict[UUID, Book]:
    """Turn what `book_json` returned into books."""
    known = cards.get(
        UUID(card_id)
        for row in found
        for card_id in (
            row["plan_card_id"],
            *(cycle["card_id"] for cycle in row["cycles"]),
            *(charge["card_id"] for c in row["cycles"] for charge in c["charges"] or []),
            *(usage["card_id"] for c in row["cycles"] for usage in c["usages"] or []),
            *(hold["card_id"] for hold in row["holds"] or []),
            *(hold["card_id"] for hold in row["usage_holds"] or []),
        )
    )
    books = (_book(row, known) for row in found)
    return {book.organization_id: book for book in books}


def rows(books: Iterable[Book], now: datetime) -> Json:
    """Return what `book_write` takes: absolute values, and the new ledger rows."""
    books = list(books)
    payload: Json = {
        "allowances": [_allowance(book) for book in books],
        "cycles": [_cycle_row(book, cycle) for book in books for cycle in book.cycles()],
    }
    optional: dict[str, list[Json]] = {
        "charges": [
            {
                "cycle_id": cycle.id,
                "organization_id": book.organization_id,
                "rate_card_id": charge.card_id,
                "minutes": charge.minutes,
                "seconds": charge.seconds,
                "amount": charge.amount,
            }
            for book in books
            for cycle in book.cycles()
            for charge in cycle.charges
            if charge.seconds or charge.minutes or charge.is_stored
        ],
        "movements": _dated(books, "movements", now),
        "wallet_movements": _dated(books, "wallet_movements", now),
        "overage": _dated(books, "overage", now),
        "holds": [
            {"id": change.id, "state": change.state, "closed_at": change.closed_at}
            for book in books
            for change in {change.id: change for change in book.hold_changes}.values()
        ],
        "wallets": [
            {"organization_id": book.organization_id, "balance": book.wallet}
            for book in books
            if book.wallet_movements
        ],
    }
    payload |= {name: found for name, found in optional.items() if found}
    return payload


def dumps(payload: Json | list[Json]) -> str:
    """JSON for the database functions: decimals, dates and ids as their text."""
    return json.dumps(payload, default=str)


def held_call(row: Json) -> HeldCall:
    return HeldCall(
        id=UUID(row["id"]),
        minutes=row["minutes"],
        seconds_max=row["seconds_max"],
        card_id=UUID(row["card_id"]),
        cycle_id=UUID(row["cycle_id"]),
        state=row["state"],
    )


def _book(row: Json, known: dict[UUID, Card]) -> Book:
    cycles = [_cycle(found) for found in row["cycles"]]
    (live,) = (cycle for cycle in cycles if cycle.is_live)
    rolls_until = row["rolls_until"]
    return Book(
        organization_id=UUID(row["organization_id"]),
        currency=row["currency"],
        timezone=row["timezone"],
        credit=row["credit"],
        wallet=Decimal(row["wallet"]),
        live=live,
        anchor_at=datetime.fromisoformat(row["anchor_at"]),
        rolls_until=rolls_until and datetime.fromisoformat(rolls_until),
        plan_card_id=UUID(row["plan_card_id"]),
        standing=row["standing"],
        enforcement=row["enforcement"],
        overage_limit_minutes=row["overage_limit_minutes"],
        cards=known,
        closed={cycle.id: cycle for cycle in cycles if not cycle.is_live},
        holds={
            (UUID(hold["cycle_id"]), UUID(hold["card_id"])): int(hold["minutes"])
            for hold in row["holds"] or []
        },
        usage_holds={
            (UUID(hold["cycle_id"]), UUID(hold["card_id"]), hold["meter"]): Decimal(
                hold["quantity"]
            )
            for hold in row["usage_holds"] or []
        },
        timezones_before=[
            (before["timezone"], datetime.fromisoformat(before["until"]))
            for before in row["timezones_before"]
        ],
    )


def _cycle(row: Json) -> Cycle:
    closed_at = row["closed_at"]
    return Cycle(
        id=UUID(row["id"]),
        starts_at=datetime.fromisoformat(row["starts_at"]),
        ends_at=datetime.fromisoformat(row["ends_at"]),
        card_id=UUID(row["card_id"]),
        included=row["included"],
        used=row["used"],
        charged=row["charged"],
        credit_taken=row["credit_taken"],
        debt_repaid=row["debt_repaid"],
        is_live=row["is_live"],
        is_paid=row["is_paid"],
        closed_at=closed_at and datetime.fromisoformat(closed_at),
        charges=[
            Charge(
                card_id=UUID(charge["card_id"]),
                minutes=charge["minutes"],
                seconds=charge["seconds"],
                amount=Decimal(charge["amount"]),
                is_stored=True,
            )
            for charge in row["charges"] or []
        ],
        usages=[
            Usage(
                card_id=UUID(usage["card_id"]),
                meter=usage["meter"],
                count=usage["count"],
                quantity=Decimal(usage["quantity"]),
                charged_quantity=Decimal(usage["charged_quantity"]),
                price=Decimal(usage["price"]),
            )
            for usage in row["usages"] or []
        ],
    )


def _allowance(book: Book) -> Json:
    live = book.live
    return {
        "organization_id": book.organization_id,
        "minutes_used_this_cycle": live.used,
        "credit_minutes": book.credit,
        "minutes_paid_otherwise": live.charged,
        "minutes_ceiling": book.ceiling,
        "minutes_held": book.held,
        "plan_minutes": live.included,
        "rate_card_id": live.card_id,
        "plan_card_id": book.plan_card_id,
        "cycle_id": live.id,
        "cycle_ends_at": live.ends_at,
        "anchor_at": book.anchor_at,
        "rolls_until": book.rolls_until,
        "standing": book.standing,
        "enforcement": book.enforcement,
        "overage_limit_minutes": book.overage_limit_minutes,
    }


def _cycle_row(book: Book, cycle: Cycle) -> Json:
    return {
        "id": cycle.id,
        "organization_id": book.organization_id,
        "starts_at": cycle.starts_at,
        "ends_at": cycle.ends_at,
        "rate_card_id": cycle.card_id,
        "included_minutes": cycle.included,
        "minutes_used": cycle.used,
        "overage_minutes": cycle.charged,
        "credit_taken_minutes": cycle.credit_taken,
        "debt_repaid_minutes": cycle.debt_repaid,
        "minutes_held": 0 if cycle.is_live else book.held_beyond_plan(cycle),
        "state": "active" if cycle.is_live else "closed",
        "is_paid": cycle.is_paid,
        "closed_at": cycle.closed_at,
    }


def _dated(books: list[Book], name: str, now: datetime) -> list[Json]:
    return [
        {
            **{slot: getattr(row, slot) for slot in row.__slots__},
            "organization_id": book.organization_id,
            "currency": book.currency,
            "created_at": now,
        }
        for book in books
        for row in getattr(book, name)
    ]
