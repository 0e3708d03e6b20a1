"""One call accounted for: from its price down to the ledger's rows and to the messages that
made them. What the provider charged us is in none of it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import Organization
from metering.models import (
    Call,
    Decision,
    InboundMessage,
    MinuteTransaction,
    OverageCharge,
    WalletTransaction,
)
from metering.usage.reports import CallLine, call_line
from metering.usage.statements import MinuteLine, WalletLine, minute_line, wallet_line

MESSAGES_MAX = 20
# Of what a message says; costs and other people's words are not for customers.
_SAID = ("status", "startedAt", "endedAt", "durationSeconds", "endedReason")


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer before the call connected, and what it was decided on."""

    at: datetime
    is_admitted: bool
    rule: str
    would_refuse: bool
    minutes: int
    seconds_max: int
    hold_state: str
    # Figures by the names of the allowance's columns.
    inputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OverageLine:
    at: datetime
    minutes: int
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    at: datetime
    kind: str
    state: str
    said: dict[str, str]


@dataclass(frozen=True, slots=True)
class CallAccount:
    line: CallLine
    provider: str
    provider_call_id: str
    number: str
    ended_reason: str
    minutes_from_plan: int
    minutes_from_credit: int
    minutes_charged: int
    seconds_charged: int
    is_unadmitted: bool
    revision: int
    settled_at: datetime | None
    rate_card: str
    when_exhausted: str
    increments: tuple[int, int] | None
    cycle_start: datetime | None
    cycle_end: datetime | None
    asked: Asked | None
    minute_lines: tuple[MinuteLine, ...]
    wallet_lines: tuple[WalletLine, ...]
    overage_lines: tuple[OverageLine, ...]
    messages: tuple[MessageLine, ...]


def account_of(organization: Organization, call_id: UUID) -> CallAccount:
    """Return the account of a call of that organization with six statements.

    Raises `Call.DoesNotExist`, for another organization's call too.
    """
    call = (
        Call.objects.filter(organization=organization)
        .select_related("agent", "phone_number", "rate_card", "cycle")
        .defer("cost", "cost_breakdown")
        .get(pk=call_id)
    )
    card, cycle = call.rate_card, call.cycle
    return CallAccount(
        line=call_line(call),
        provider=call.provider,
        provider_call_id=call.provider_call_id,
        number=call.phone_number.e164 if call.phone_number else "",
        ended_reason=call.ended_reason,
        minutes_from_plan=call.minutes_from_plan,
        minutes_from_credit=call.minutes_from_credit,
        minutes_charged=call.minutes_charged,
        seconds_charged=call.seconds_charged,
        is_unadmitted=call.is_unadmitted,
        revision=call.revision,
        settled_at=call.settled_at,
        rate_card=card.code if card else "",
        when_exhausted=card.when_exhausted if card else "",
        increments=(card.increment_first_seconds, card.increment_step_seconds)
        if card
        else None,
        cycle_start=cycle.starts_at if cycle else None,
        cycle_end=cycle.ends_at if cycle else None,
        asked=_asked(call),
        minute_lines=tuple(
            minute_line(row)
            for row in MinuteTransaction.objects.filter(
                organization=organization, call_id=call.pk
            )
            .select_related("cycle")
            .order_by("id")
        ),
        wallet_lines=tuple(
            wallet_line(row)
            for row in WalletTransaction.objects.filter(
                organization=organization, call_id=call.pk
            ).order_by("id")
        ),
        overage_lines=_overage(call),
        messages=_messages(call),
    )


def _asked(call: Call) -> Asked | None:
    found = (
        Decision.objects.filter(
            organization=call.organization_id,
            provider=call.provider,
            provider_call_id=call.provider_call_id,
        )
        .select_related("hold")
        .first()
    )
    if found is None:
        return None
    return Asked(
        at=found.created_at,
        is_admitted=found.result == Decision.Result.ADMITTED,
        rule=found.rule,
        would_refuse=found.would_refuse,
        minutes=found.minutes,
        seconds_max=found.seconds_max,
        hold_state=found.hold.state if found.hold else "",
        inputs=found.inputs,
    )


def _overage(call: Call) -> tuple[OverageLine, ...]:
    if call.cycle_id is None:
        return ()
    rows = OverageCharge.objects.filter(cycle=call.cycle_id, call_id=call.pk)
    return tuple(
        OverageLine(row.occurred_at, row.minutes, row.amount, row.currency)
        for row in rows.order_by("id")
    )


def _messages(call: Call) -> tuple[MessageLine, ...]:
    rows = InboundMessage.objects.filter(
        organization=call.organization_id,
        provider=call.provider,
        provider_call_id=call.provider_call_id,
    )
    return tuple(
        MessageLine(
            at=row.received_at,
            kind=row.kind,
            state=row.state,
            said=_said(row.body),
        )
        for row in rows.order_by("id")[:MESSAGES_MAX]
    )


def _said(body: dict[str, Any]) -> dict[str, str]:
    message = body.get("message")
    if not isinstance(message, dict):
        return {}
    return {name: str(message[name]) for name in _SAID if name in message}
