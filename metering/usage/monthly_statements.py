"""One calendar month of an organization on a page: what was used, charged, bought and moved.

Usage comes from daily sums; of the ledgers only what is not usage is read one by one. So a
statement costs the same however many calls a month had.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts.models import Organization
from metering.models import Kind, MinuteTransaction, WalletTransaction
from metering.usage import analytics
from metering.usage.analytics import AgentUsage, NumberUsage, Used

ZERO = Decimal(0)
# Of purchases and the like; more are told of, not listed.
MOVEMENTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry that is not usage. `minutes` changes the credit, `amount` the wallet."""

    at: datetime
    kind: str
    reason: str
    minutes: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the statement as a table. A quantity without an amount has no price."""

    section: str
    name: str
    quantity: Decimal | int | None
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Days are local. `wallet_opening` and `wallet_closing` are the balances at the month's
    ends; of a month that runs, the closing one is the balance so far."""

    organization: str
    month: date
    last_day: date
    currency: str
    meters: dict[str, Used]
    agents: list[AgentUsage]
    numbers: list[NumberUsage]
    minute_movements: list[Movement]
    wallet_movements: list[Movement]
    wallet_opening: Decimal
    wallet_closing: Decimal

    @property
    def voice(self) -> Used:
        return self.meters.get(analytics.VOICE, analytics.NOTHING)

    @property
    def price(self) -> Decimal:
        return sum((used.price for used in self.meters.values()), ZERO)

    @property
    def has_wallet(self) -> bool:
        return bool(self.wallet_movements or self.wallet_opening or self.wallet_closing)

    @property
    def wallet_usage(self) -> Decimal:
        """What usage changed in the wallet: all that the listed movements do not explain."""
        moved = sum((move.amount or ZERO for move in self.wallet_movements), ZERO)
        return self.wallet_closing - self.wallet_opening - moved

    @property
    def is_cut_short(self) -> bool:
        return MOVEMENTS_MAX in (len(self.minute_movements), len(self.wallet_movements))

    def lines(self) -> Iterator[Line]:
        """Yield the statement line by line, for a file."""
        for meter, used in self.meters.items():
            yield Line("usage", meter, used.quantity, used.price, self.currency)
        yield Line("usage", "calls", self.voice.count, None, "")
        yield Line("usage", "talk_seconds", self.voice.talk_seconds, None, "")
        for agent in self.agents:
            name = agent.name or "no known agent"
            yield Line(
                "by agent", name, agent.used.quantity, agent.used.price, self.currency
            )
        for number in self.numbers:
            name = number.e164 or "no number"
            used = number.used
            yield Line("by number", name, used.quantity, used.price, self.currency)
        for move in self.minute_movements:
            yield Line("minutes", _named(move), move.minutes, None, "")
        if self.has_wallet:
            yield Line(
                "wallet", "opening balance", None, self.wallet_opening, self.currency
            )
            for move in self.wallet_movements:
                yield Line("wallet", _named(move), None, move.amount, self.currency)
            yield Line(
                "wallet", "closing balance", None, self.wallet_closing, self.currency
            )


def statement_of(organization: Organization, *, month: date) -> Statement:
    """Return the statement of the calendar month that a day lies in; seven statements."""
    first, last = analytics.month_ends(month)
    zone = ZoneInfo(organization.timezone)
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(last + timedelta(days=1), time(), zone)
    return Statement(
        organization=organization.name,
        month=first,
        last_day=last,
        currency=organization.currency,
        meters=analytics.by_meter(organization, first=first, last=last),
        agents=analytics.by_agent(organization, first=first, last=last),
        numbers=analytics.by_number(organization, first=first, last=last),
        minute_movements=_minute_movements(organization, start, end),
        wallet_movements=_wallet_movements(organization, start, end),
        wallet_opening=_balance_at(organization, start),
        wallet_closing=_balance_at(organization, end),
    )


def _minute_movements(
    organization: Organization, start: datetime, end: datetime
) -> list[Movement]:
    rows = MinuteTransaction.objects.exclude(kind=Kind.USAGE).filter(
        organization=organization, created_at__gte=start, created_at__lt=end
    )
    return [
        Movement(row.created_at, row.kind, row.reason, minutes=row.credit_change)
        for row in rows.order_by("created_at", "pk")[:MOVEMENTS_MAX]
    ]


def _wallet_movements(
    organization: Organization, start: datetime, end: datetime
) -> list[Movement]:
    rows = WalletTransaction.objects.exclude(kind=Kind.USAGE).filter(
        organization=organization, created_at__gte=start, created_at__lt=end
    )
    return [
        Movement(row.created_at, row.kind, row.reason, amount=row.amount)
        for row in rows.order_by("created_at", "pk")[:MOVEMENTS_MAX]
    ]


def _balance_at(organization: Organization, moment: datetime) -> Decimal:
    rows = WalletTransaction.objects.filter(
        organization=organization, created_at__lt=moment
    )
    last = rows.order_by("-created_at", "-pk").values_list("balance_after", flat=True)
    return last.first() or ZERO


def _named(move: Movement) -> str:
    return f"{move.kind}: {move.reason}" if move.reason else move.kind
