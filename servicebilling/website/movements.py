"""What each row of a ledger was, in words, with the way to what made it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from django.template.defaultfilters import date as written_day
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from billing import causes
from billing.causes import Paper, Use
from metering.usage.statements import Line, MinuteLine, WalletLine
from servicebilling.website import addresses
from servicebilling.website.formatting import whole
from servicebilling.website.frames import url_of
from servicebilling.website.templatetags import wording


@dataclass(frozen=True, slots=True)
class Movement(Generic[Line]):
    """`what` names the row, `because` says in a sentence or two what it did; `url` leads to
    what made it, under the name `cause`. Each but `what` may be empty."""

    line: Line
    what: str
    because: str
    cause: str = ""
    url: str = ""
    # Somebody's own words on it.
    note: str = ""


def of_minutes(
    organization: Organization, lines: Iterable[MinuteLine]
) -> list[Movement[MinuteLine]]:
    """Explain rows of the minute ledger with at most one statement."""
    lines = list(lines)
    papers = causes.papers_of(organization, [one.reference for one in lines])
    found = []
    for line in lines:
        cause, url = _cause(organization, line, papers.get(line.reference))
        if line.kind == "cycle_close" and line.cycle_start and line.cycle_end:
            cause, url = "Its calls", _calls_of(organization, line)
        found.append(
            Movement(line, _what(line), _of_minutes(line), cause, url, line.reason)
        )
    return found


def of_wallet(
    organization: Organization, lines: Iterable[WalletLine]
) -> list[Movement[WalletLine]]:
    """Explain rows of the wallet's ledger with at most two statements."""
    lines = list(lines)
    references = [one.reference for one in lines]
    papers = causes.papers_of(organization, references)
    uses = causes.uses_of(organization, references)
    found = []
    for line in lines:
        cause, url = _cause(organization, line, papers.get(line.reference))
        what, because = wording.movement_words(line.kind), _of_wallet(line)
        note = line.reason
        if use := uses.get(line.reference):
            (what, because), note = _of_use(use), ""
            cause, url = "The event", _event_of(organization, use)
        found.append(Movement(line, what, because, cause, url, note))
    return found


def _what(line: MinuteLine) -> str:
    if line.kind == "cycle_close" and line.cycle_start and line.cycle_end:
        return f"Cycle of {_day(line.cycle_start)} to {_day(line.cycle_end)} ended"
    if line.kind == "usage" and line.used_change < 0:
        return "Call corrected"
    return wording.movement_words(line.kind)


def _of_minutes(line: MinuteLine) -> str:
    credit = line.credit_change
    match line.kind:
        case "usage":
            return _of_call(line)
        case "cycle_close":
            return _of_close(line)
        case "purchase" | "bonus" | "monthly_grant" | "opening_balance" if credit > 0:
            return f"{_minutes(credit)} added to the credit."
        case "refund" if credit < 0:
            return f"{_minutes(-credit)} of the refunded payment taken back."
        case "dispute" if credit < 0:
            return f"{_minutes(-credit)} of the disputed payment taken back."
        case "dispute" | "refund" if credit > 0:
            return f"{_minutes(credit)} given back: the payment holds after all."
        case "adjustment":
            return f"By our staff: {_adjusted(line)}."
    return ""


def _of_call(line: MinuteLine) -> str:
    if line.used_change < 0:
        return f"{_minutes(-line.used_change)} given back; the newer report counts."
    own = line.used_change - line.charged_change
    if not line.charged_change:
        return f"{_minutes(own)} of your own."
    charged = f"{_minutes(line.charged_change)} charged beyond them"
    return f"{_minutes(own)} of your own, {charged}." if own else f"{charged.capitalize()}."


def _of_close(line: MinuteLine) -> str:
    used = -line.used_change
    said = [f"{_minutes(used)} had been used; the count begins again at 0."]
    if line.charged_change:
        said.append(f"{_minutes(-line.charged_change)} of them were charged already.")
    if line.credit_change < 0:
        said.append(f"{_minutes(-line.credit_change)} of them came from the credit.")
    if line.credit_change > 0:
        said.append(f"Unused plan minutes repaid {_minutes(line.credit_change)} owed.")
    return " ".join(said)


def _adjusted(line: MinuteLine) -> str:
    parts = [
        f"{_minutes(abs(change))} {'more' if change > 0 else 'fewer'} {what}"
        for change, what in ((line.used_change, "used"), (line.credit_change, "of credit"))
        if change
    ]
    return ", ".join(parts) or "nothing moved"


def _of_wallet(line: WalletLine) -> str:
    is_in = line.amount > 0
    match line.kind:
        case "usage":
            return "Given back: the newer report counts." if is_in else ""
        case "purchase":
            return "Given back." if is_in else "Paid from the wallet."
        case "monthly_grant":
            return "Comes with the plan each month."
        case "refund":
            return "The refund was reversed." if is_in else "Of the payment given back."
        case "dispute":
            return "The payment holds after all." if is_in else "Of the disputed payment."
        case "adjustment":
            return "By our staff."
    return ""


def _of_use(use: Use) -> tuple[str, str]:
    quantity = f"{abs(use.quantity).normalize():,f}"
    if use.quantity < 0:
        return f"{wording.meter_words(use.meter)} corrected", f"{quantity} taken off."
    return wording.meter_words(use.meter), f"{quantity} used."


def _cause(
    organization: Organization, line: MinuteLine | WalletLine, paper: Paper | None
) -> tuple[str, str]:
    whose = f"?organization={organization.slug}"
    if line.call_id:
        return "The call", reverse("website:call", args=[line.call_id]) + whose
    if paper is not None:
        name = f"{wording.document_words(paper.kind)} {paper.number}".strip()
        return name, reverse("website:document", args=[paper.id]) + whose
    return "", ""


def _event_of(organization: Organization, use: Use) -> str:
    whose = f"?organization={organization.slug}"
    return reverse("website:usage-event", args=[use.id]) + whose


def _calls_of(organization: Organization, line: MinuteLine) -> str:
    """The rows that the counter was the sum of."""
    assert line.cycle_start and line.cycle_end  # noqa: S101, PT018
    here = url_of("website:billing-history", organization)
    days = {
        "kind": "calls",
        "first": timezone.localtime(line.cycle_start).date().isoformat(),
        "last": timezone.localtime(line.cycle_end).date().isoformat(),
    }
    return addresses.joined(here, days)


def _minutes(count: int) -> str:
    return f"{whole(count)} minute" if count == 1 else f"{whole(count)} minutes"


def _day(moment: datetime) -> str:
    return written_day(timezone.localtime(moment), "j M")
