"""What one report does to a call and to its organization's book. Pure.

The result is a list of rows; `metering.calls.settle` reads before and writes after.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from metering import rating
from metering.balances import allocation
from metering.balances.allocation import Allocation, Booked
from metering.balances.book import Book, Cycle
from metering.balances.entries import HeldCall
from metering.providers.base import CallReport
from metering.rating import Card
from servicebilling.lib.ids import new_id

Row = dict[str, Any]

# What Vapi says of a call that we refused: the caller heard our sentence and no more.
REFUSED_REASONS = "assistant-request-returned"


@dataclass(frozen=True, slots=True)
class Route:
    organization_id: UUID
    phone_number_id: UUID | None = None
    agent_id: UUID | None = None


@dataclass(slots=True)
class Posting:
    """The outcome of a report, and the rows to write for it."""

    outcome: str
    call: Row
    events: list[Row] = field(default_factory=list)
    days: list[Row] = field(default_factory=list)
    hold: HeldCall | None = None


def apply(
    report: CallReport,
    *,
    route: Route,
    call: Row | None,
    hold: HeldCall | None,
    book: Book,
    now: datetime,
) -> Posting:
    """Charge a call once, by its report; the book and the call row are moved in place.

    Outcomes: `charged` (also for 0 minutes), `superseded` (an estimate gave way), `already`
    (the same report again), `conflicting` (another length for a settled call: flagged, not
    charged), `refused` (the report of a call that we refused).
    """
    if call is None:
        call = _new_call(report, route, book, now)
    if _is_settled(call) or (call["status"] == "estimated" and report.is_estimate):
        posting = _again(report, call)
        if hold is not None and hold.state == "open":
            # The call was over before it was held: nothing may stay held for it.
            posting.hold = book.close_hold(hold, state="settled", now=now)
        return posting
    if call["status"] == "refused" and _is_our_refusal(report):
        _describe(report, route, call)
        call["cost"] = report.cost
        return Posting("refused", call)
    posting = Posting("superseded" if call["revision"] else "charged", call)
    if call["revision"]:
        # Another day, agent or length may come out: the old sums go, the new ones come.
        posting.days.append(_day(call, book, sign=-1))
    _describe(report, route, call)
    _charge(report, posting, hold=hold, book=book, now=now)
    if hold is not None and hold.state in ("open", "estimated"):
        state = "estimated" if report.is_estimate else "settled"
        posting.hold = book.close_hold(hold, state=state, now=now)
    return posting


def _is_settled(call: Row) -> bool:
    """A call whose hold ran out without a report has failed too, but was never charged."""
    return call["status"] in ("completed", "failed") and call["revision"] > 0


def _again(report: CallReport, call: Row) -> Posting:
    same = call["duration_seconds"] == report.duration_seconds or report.is_estimate
    if not same:
        _flag(call, "conflicting_report")
    return Posting("already" if same else "conflicting", call)


def _is_our_refusal(report: CallReport) -> bool:
    return not report.duration_seconds or report.ended_reason.startswith(REFUSED_REASONS)


def _new_call(report: CallReport, route: Route, book: Book, now: datetime) -> Row:
    """A call that never asked: whatever it was, it is metered, and flagged."""
    return {
        "id": new_id(),
        "organization_id": route.organization_id,
        "provider": report.ref.provider,
        "provider_call_id": report.ref.call_id,
        "agent_id": route.agent_id,
        "phone_number_id": route.phone_number_id,
        "occurred_at": report.started_at or report.at,
        "billed_seconds": 0,
        "billed_minutes": 0,
        "minutes_from_plan": 0,
        "minutes_from_credit": 0,
        "minutes_charged": 0,
        "seconds_charged": 0,
        "duration_seconds": None,
        "cost": None,
        "price": Decimal(0),
        "currency": book.currency,
        "rate_card_id": None,
        "cycle_id": None,
        "status": "active",
        "refusal": "",
        "is_unadmitted": True,
        "flags": [],
        "revision": 0,
        "created_at": now,
        "settled_at": None,
    }


def _describe(report: CallReport, route: Route, call: Row) -> None:
    """Take over what the report says of the call; never less than was known."""
    ref = report.ref
    call["direction"] = ref.direction or call.get("direction")
    call["call_from"] = ref.call_from or call.get("call_from", "")
    call["call_to"] = ref.call_to or call.get("call_to", "")
    call["agent_id"] = call["agent_id"] or route.agent_id
    call["phone_number_id"] = call["phone_number_id"] or route.phone_number_id
    call["started_at"] = report.started_at
    call["ended_at"] = report.ended_at
    if report.started_at:
        call["occurred_at"] = report.started_at
    call["ended_reason"] = report.ended_reason
    call["cost_breakdown"] = report.cost_breakdown


def _charge(
    report: CallReport,
    posting: Posting,
    *,
    hold: HeldCall | None,
    book: Book,
    now: datetime,
) -> None:
    call = posting.call
    if call["status"] == "refused":
        _flag(call, "refused_but_talked")
    if hold is None:
        call["is_unadmitted"] = True
    cycle, card = _terms(report, call, hold, book)
    before = _Known.of(call)
    seconds, minutes = _billed(report, call, hold, card)
    moved = _move(book, before, minutes, seconds, cycle=cycle, card=card)
    call["revision"] += 1
    reference = f"call:{call['provider']}:{call['provider_call_id']}:{call['revision']}"
    is_change = bool(minutes != before.minutes or moved.shares)
    if is_change:
        allocation.post(
            book,
            moved,
            kind="usage",
            reference=reference,
            occurred_at=report.ended_at or report.at,
            card_id=card.id,
            call_id=_uuid(call["id"]),
        )
    if moved.minutes != minutes - before.minutes:
        _flag(call, "usage_stopped_at_zero")
    _note(call, before, moved, minutes=minutes, seconds=seconds)
    call["duration_seconds"] = report.duration_seconds
    call["cost"] = report.cost if report.cost is not None else call["cost"]
    call["cycle_id"], call["settled_at"] = cycle.id, now
    call["rate_card_id"] = moved.shares[0].card.id if moved.shares else card.id
    if report.is_estimate:
        call["status"] = "estimated"
        _flag(call, "estimated")
    else:
        call["status"] = "failed" if report.duration_seconds is None else "completed"
    if is_change:
        posting.events.append(_event(report, call, before, moved, reference, now))
    posting.days.append(_day(call, book))


def _terms(
    report: CallReport, call: Row, hold: HeldCall | None, book: Book
) -> tuple[Cycle, Card]:
    """A call belongs to the cycle and card that admitted it, or that charged it before."""
    if call["revision"]:
        cycle = book.cycle(_uuid(call["cycle_id"]))
        return cycle, book.terms(cycle, _uuid(call["rate_card_id"]))
    if hold is not None:
        cycle = book.cycle(hold.cycle_id)
        return cycle, book.terms(cycle, hold.card_id)
    cycle = book.cycle_at(report.started_at or report.at)
    return cycle, book.terms(cycle)


def _billed(
    report: CallReport, call: Row, hold: HeldCall | None, card: Card
) -> tuple[int, int]:
    """Billed seconds and minutes. A call that ended at its cap bills at most its hold; the
    cap was told to the provider only if the call asked before it connected."""
    duration = report.duration_seconds or 0
    seconds = rating.billed_seconds(duration, card)
    if hold is not None and not call["is_unadmitted"]:
        if rating.within_hold(duration, hold.seconds_max):
            seconds = min(seconds, 60 * rating.minutes_granted(hold.seconds_max))
        else:
            _flag(call, "over_cap")
    return seconds, rating.minutes_of(seconds)


@dataclass(frozen=True, slots=True)
class _Known:
    """What an earlier posting of this call booked."""

    minutes: int
    charged: int
    seconds_charged: int

    @classmethod
    def of(cls, call: Row) -> "_Known":
        return cls(
            minutes=call["billed_minutes"],
            charged=call["minutes_charged"],
            seconds_charged=call["seconds_charged"],
        )


def _move(
    book: Book, before: _Known, minutes: int, seconds: int, *, cycle: Cycle, card: Card
) -> Allocation:
    pools = before.minutes - before.charged
    if minutes >= before.minutes:
        booked = Booked(pools, before.charged, before.seconds_charged)
        return allocation.use(
            book,
            minutes - before.minutes,
            billed_seconds=seconds,
            cycle=cycle,
            card=card,
            booked=booked,
        )
    less = before.minutes - minutes
    own_minutes = min(less, before.charged)
    still_charged = before.charged - own_minutes
    own_seconds = max(0, seconds - 60 * pools) if still_charged else 0
    own = Booked(0, own_minutes, before.seconds_charged - own_seconds)
    return allocation.give_back(book, less, cycle=cycle, card=card, own=own)


def _note(
    call: Row, before: _Known, moved: Allocation, *, minutes: int, seconds: int
) -> None:
    """Note on the call how its minutes were paid when it was settled; never summed."""
    own_charged = max(0, before.charged + moved.charged)
    call["billed_minutes"], call["billed_seconds"] = minutes, seconds
    call["minutes_charged"] = min(minutes, own_charged)
    call["seconds_charged"] = max(0, before.seconds_charged + moved.seconds)
    call["minutes_from_plan"] += moved.plan
    call["minutes_from_credit"] += max(0, moved.credit) + moved.debt
    too_much = (
        call["minutes_from_plan"]
        + call["minutes_from_credit"]
        + call["minutes_charged"]
        - minutes
    )
    from_credit = min(max(0, too_much), call["minutes_from_credit"])
    call["minutes_from_credit"] -= from_credit
    call["minutes_from_plan"] -= max(0, too_much - from_credit)
    call["price"] = Decimal(call["price"]) + moved.amount


def _event(
    report: CallReport,
    call: Row,
    before: _Known,
    moved: Allocation,
    reference: str,
    now: datetime,
) -> Row:
    return {
        "id": new_id(),
        "organization_id": call["organization_id"],
        "meter": "voice_minute",
        "direction": call["direction"],
        "quantity": call["billed_minutes"] - before.minutes,
        "unit_price": None,
        "total": moved.amount,
        "currency": call["currency"],
        "idempotency_key": reference,
        "metadata": {"duration_seconds": report.duration_seconds},
        "cycle_id": call["cycle_id"],
        "call_id": call["id"],
        "occurred_at": call["occurred_at"],
        "processed_at": now,
    }


def _day(call: Row, book: Book, *, sign: int = 1) -> Row:
    """What a settled call adds to the sums of its day, which is the organization's own."""
    occurred_at = call["occurred_at"]
    if isinstance(occurred_at, str):
        occurred_at = datetime.fromisoformat(occurred_at)
    local = occurred_at.astimezone(ZoneInfo(book.zone_at(occurred_at)))
    hours = [0] * 24
    hours[local.hour] = sign
    return {
        "organization_id": call["organization_id"],
        "day": local.date(),
        "meter": "voice_minute",
        "agent_id": call["agent_id"],
        "phone_number_id": call["phone_number_id"],
        "count": sign,
        "quantity": sign * call["billed_minutes"],
        "talk_seconds": sign * (call["duration_seconds"] or 0),
        "hours": hours,
        "cost": sign * Decimal(call["cost"] or 0),
        "price": sign * Decimal(call["price"]),
    }


def _flag(call: Row, flag: str) -> None:
    if flag not in call["flags"]:
        call["flags"] = [*call["flags"], flag]


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
