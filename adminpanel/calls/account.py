"""One call with everything that explains it: allocation, hold, decision, messages, money."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adminpanel.calls.reports import Line, line_of, without_numbers
from billing.exchange import Rates
from metering.models import Call, Decision, Hold, InboundMessage
from metering.usage.call_accounts import CallAccount, account_of

MESSAGES_MAX = 20


@dataclass(frozen=True, slots=True)
class StaffAccount:
    line: Line
    account: CallAccount
    # Names with the amount that the provider names for each, in USD.
    cost_parts: tuple[tuple[str, Any], ...]
    flags: tuple[str, ...]
    hold: Hold | None
    decision: Decision | None
    messages: tuple[InboundMessage, ...]


def of(call_id: UUID, *, with_numbers: bool) -> StaffAccount:
    """Raises `Call.DoesNotExist`."""
    call = Call.objects.select_related("organization", "agent", "phone_number").get(
        pk=call_id
    )
    same = {
        "organization": call.organization_id,
        "provider": call.provider,
        "provider_call_id": call.provider_call_id,
    }
    holds = Hold.objects.filter(
        organization=call.organization_id,
        reference=f"{call.provider}:{call.provider_call_id}",
    )
    messages = InboundMessage.objects.filter(**same).defer("body").order_by("id")
    line = line_of(call, Rates.of({call.currency}))
    return StaffAccount(
        line=line if with_numbers else without_numbers(line),
        account=account_of(call.organization, call.pk),
        cost_parts=tuple(
            (name, value)
            for name, value in call.cost_breakdown.items()
            if isinstance(value, int | float | str)
        ),
        flags=tuple(call.flags),
        hold=holds.first(),
        decision=Decision.objects.filter(**same).first(),
        messages=tuple(messages[:MESSAGES_MAX]),
    )
