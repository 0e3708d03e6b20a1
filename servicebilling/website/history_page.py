"""The transaction history: one ledger at a time, narrowed, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.models import Organization
from metering.usage import statements
from metering.usage.statements import MinuteLine, Narrowed, Statement, WalletLine
from servicebilling.website import addresses, movements
from servicebilling.website.frames import url_of
from servicebilling.website.movements import Movement

LEDGERS = {"minutes": "Minutes", "wallet": "Wallet"}
# What a visitor may narrow to, and the kinds of rows that are meant.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All movements", ()),
    "calls": ("Calls and usage", ("usage",)),
    "added": (
        "Bought and granted",
        ("purchase", "top_up", "monthly_grant", "bonus", "opening_balance"),
    ),
    "corrections": ("Refunds and corrections", ("refund", "dispute", "adjustment")),
    "cycles": ("Ends of cycles", ("cycle_close",)),
}
LINES = 30


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`minutes` or `wallet` has the lines, the other is None."""

    ledger: str
    tabs: tuple[Tab, ...]
    kinds: tuple[tuple[str, str, bool], ...]
    first: date | None
    last: date | None
    minutes: Statement[MinuteLine] | None
    wallet: Statement[WalletLine] | None
    # Their lines explained.
    minute_movements: list[Movement[MinuteLine]]
    wallet_movements: list[Movement[WalletLine]]
    next_url: str
    newest_url: str
    is_narrowed: bool


def of(organization: Organization, query: Mapping[str, str]) -> HistoryPage:
    """Return the page that a query asks for; what makes no sense in it is passed over."""
    ledger = query.get("ledger", "")
    ledger = ledger if ledger in LEDGERS else "minutes"
    kind = query.get("kind", "") if query.get("kind", "") in KINDS else ""
    first, last = (
        addresses.day(query.get("first", "")),
        addresses.day(query.get("last", "")),
    )
    only = Narrowed(
        kinds=KINDS[kind][1],
        since=addresses.midnight(first) if first else None,
        until=addresses.midnight_after(last) if last else None,
    )
    before = addresses.row_id(query.get("before", ""))
    minutes = wallet = None
    if ledger == "minutes":
        minutes = statements.of_minutes(organization, only=only, before=before, limit=LINES)
    else:
        wallet = statements.of_wallet(organization, only=only, before=before, limit=LINES)
    shown = minutes or wallet
    chosen = {
        "ledger": ledger,
        "kind": kind,
        "first": first.isoformat() if first else "",
        "last": last.isoformat() if last else "",
    }
    here = url_of("website:billing-history", organization)
    return HistoryPage(
        ledger=ledger,
        tabs=tuple(
            Tab(label, addresses.joined(here, chosen | {"ledger": key}), key == ledger)
            for key, label in LEDGERS.items()
        ),
        kinds=tuple((key, label, key == kind) for key, (label, _) in KINDS.items()),
        first=first,
        last=last,
        minutes=minutes,
        wallet=wallet,
        minute_movements=movements.of_minutes(organization, minutes.lines)
        if minutes
        else [],
        wallet_movements=movements.of_wallet(organization, wallet.lines) if wallet else [],
        next_url=addresses.joined(here, chosen | {"before": str(shown.next)})
        if shown and shown.next
        else "",
        newest_url=addresses.joined(here, chosen) if before is not None else "",
        is_narrowed=bool(kind or first or last),
    )
