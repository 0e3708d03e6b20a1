"""The only writer of balances: minutes, wallet, cycles and both ledgers.

`opened` locks the allowance rows in id order, hands out their books, and writes what was
moved when its block ends. Everything that changes a balance goes through here; the gate's
own statement only raises what is held.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from metering.balances import allocation, book_rows
from metering.balances.book import Book
from metering.balances.entries import Movement, WalletMovement


class LedgerError(Exception):
    """Something the books refuse; the message is for people."""


class NotAvailable(LedgerError):
    """A debit, or staff usage, asks for more than is free."""


class UnknownOrganization(LedgerError):
    """The organization has no balances."""


# Begin(book, now) is called when a book is opened, what it returns once the book is written,
# in the same transaction.
Watcher = Callable[[Book, datetime], Callable[[], None]]
_watchers: list[Watcher] = []


def watch(begin: Watcher) -> None:
    """Let something above balances see each change of a book, from when the app starts on."""
    _watchers.append(begin)


_inside: ContextVar[frozenset[UUID]] = ContextVar("_inside", default=frozenset())


@contextmanager
def opened(
    organization_ids: Sequence[UUID], *, now: datetime, cycles: Iterable[UUID] = ()
) -> Iterator[dict[UUID, Book]]:
    """Lock organizations and give their books, rolled over to `now`; write them at the end.

    Raises `UnknownOrganization` if one has no balances. An exception in the block writes
    nothing. The books are written whole, so nothing else may move these organizations'
    balances inside the block: opening one again there raises RuntimeError.
    """
    if not _inside.get().isdisjoint(organization_ids):
        raise RuntimeError("the books of an organization are open already")
    with _opening(organization_ids), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT book_lock(%s::uuid[])", [list(organization_ids)])
            cursor.execute(
                "SELECT book_json(%s::uuid[], %s::uuid[])::text",
                [list(organization_ids), list(cycles)],
            )
            books = book_rows.read(book_rows.loads(cursor.fetchone()[0]))
        if missing := set(organization_ids) - books.keys():
            raise UnknownOrganization(f"no balances for {missing.pop()}")
        for book in books.values():
            book.roll_over(now)
        ends = [begin(book, now) for book in books.values() for begin in _watchers]
        yield books
        with connection.cursor() as cursor:
            payload = book_rows.rows(books.values(), now)
            cursor.execute("SELECT book_write(%s::jsonb)", [book_rows.dumps(payload)])
        for end in ends:
            end()


def peek(organization_id: UUID, *, now: datetime) -> Book:
    """Return the book as it stands, rolled over to `now`, for reading: nothing is locked and
    nothing written. Raises `UnknownOrganization`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT book_json(%s::uuid[], '{}')::text", [[organization_id]])
        books = book_rows.read(book_rows.loads(cursor.fetchone()[0]))
    if organization_id not in books:
        raise UnknownOrganization(f"no balances for {organization_id}")
    books[organization_id].roll_over(now)
    return books[organization_id]


@contextmanager
def _opening(organization_ids: Sequence[UUID]) -> Iterator[None]:
    token = _inside.set(_inside.get() | set(organization_ids))
    try:
        yield
    finally:
        _inside.reset(token)


@contextmanager
def opened_one(organization_id: UUID, *, now: datetime) -> Iterator[Book]:
    """`opened` for a single organization."""
    with opened([organization_id], now=now) as books:
        yield books[organization_id]


def add_credit_minutes(
    *,
    organization_id: UUID,
    minutes: int,
    kind: str,
    reference: str,
    now: datetime,
    reason: str = "",
    actor_id: int | None = None,
) -> None:
    """Add bought or granted minutes (a refund or dispute takes some away: negative).

    Never limited: what was spent becomes debt. The reference makes it happen once;
    a second time raises `IntegrityError`.
    """
    with opened_one(organization_id, now=now) as book:
        book.credit += minutes
        book.post(
            Movement(
                kind=kind,
                reference=reference,
                cycle_id=book.live.id,
                credit_change=minutes,
                actor_id=actor_id,
                reason=reason,
            )
        )


def adjust_credit(
    *,
    organization_id: UUID,
    minutes: int,
    reference: str,
    reason: str,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Change the credit minutes by hand. Taking away is limited to what is free.

    Raises `NotAvailable`.
    """
    with opened_one(organization_id, now=now) as book:
        if minutes < 0 and -minutes > (free := min(book.free_credit, _unheld(book))):
            raise NotAvailable(f"only {free} credit minutes are free")
        book.credit += minutes
        book.post(
            Movement(
                kind="adjustment",
                reference=reference,
                cycle_id=book.live.id,
                credit_change=minutes,
                actor_id=actor_id,
                reason=reason,
            )
        )


def adjust_used(
    *,
    organization_id: UUID,
    minutes: int,
    reference: str,
    reason: str,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Count minutes of the running cycle by hand, or take counted ones back.

    Counting more is limited to the plan and credit minutes that nothing holds; taking back
    returns charged minutes first, with their money. Raises `NotAvailable`.
    """
    with opened_one(organization_id, now=now) as book:
        card = book.terms(book.live)
        if minutes >= 0:
            if minutes > (free := max(0, min(book.remaining, _unheld(book)))):
                raise NotAvailable(f"only {free} minutes are free")
            moved = allocation.use(
                book, minutes, billed_seconds=60 * minutes, cycle=book.live, card=card
            )
        else:
            if -minutes > book.live.used:
                raise NotAvailable(f"only {book.live.used} minutes were used in this cycle")
            moved = allocation.give_back(book, -minutes, cycle=book.live, card=card)
        allocation.post(
            book,
            moved,
            kind="adjustment",
            reference=reference,
            occurred_at=now,
            actor_id=actor_id,
            reason=reason,
        )


def move_money(
    *,
    organization_id: UUID,
    amount: Decimal,
    kind: str,
    reference: str,
    now: datetime,
    reason: str = "",
    actor_id: int | None = None,
) -> None:
    """Credit the wallet, or take from it what a refund or dispute took (negative, never
    limited). The reference makes it happen once; a second time raises `IntegrityError`.
    """
    with opened_one(organization_id, now=now) as book:
        book.pay(
            WalletMovement(
                kind=kind,
                reference=reference,
                amount=amount,
                cycle_id=book.live.id,
                actor_id=actor_id,
                reason=reason,
            )
        )


def spend_money(
    *,
    organization_id: UUID,
    amount: Decimal,
    kind: str,
    reference: str,
    now: datetime,
    reason: str = "",
    actor_id: int | None = None,
) -> None:
    """Take a purchase or a staff debit from the wallet, if open calls do not need it.

    `amount` is positive. Raises `NotAvailable`.
    """
    if amount <= 0:
        raise ValueError("a debit is a positive amount")
    with opened_one(organization_id, now=now) as book:
        available_before = book.available
        book.pay(
            WalletMovement(
                kind=kind,
                reference=reference,
                amount=-amount,
                cycle_id=book.live.id,
                actor_id=actor_id,
                reason=reason,
            )
        )
        if book.wallet < book.promised_money or (
            book.held and book.available < min(0, available_before)
        ):
            raise NotAvailable("the wallet's free balance is too low")


def _unheld(book: Book) -> int:
    return max(0, book.available)
