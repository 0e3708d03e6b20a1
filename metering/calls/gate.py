"""May this call connect? One locked row decides, in one short statement.

Nothing else is on this path: no outside service, no cache, no broker.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from metering.balances import book_rows, cycles
from metering.providers.base import CallRef, CallRequest
from servicebilling.lib.ids import new_id

# A roll-over may race another; each pass closes at least one month.
ROLL_OVER_PASSES_MAX = 3


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to one pre-call question. `rule` is `ok` or the reason of the refusal:
    `no_minutes`, `overage_limit`, `wallet_empty`, `credit_limit`, `past_due`, `no_plan`,
    `too_many_calls`, `suspended`, `closed`, `unknown_number`, `not_configured`, or
    `already_ended` when the report of the call came before the question."""

    admitted: bool
    rule: str
    organization_id: UUID | None = None
    minutes: int = 0
    seconds_max: int = 0
    hold_id: UUID | None = None
    # Shadow mode let it through, though the rule says no.
    would_refuse: bool = False
    agent_id: UUID | None = None
    assistant_id: str = ""
    # The agent's own words for a refusal, if it has any.
    refusal_text: str = ""
    is_replay: bool = False


def admit(request: CallRequest, *, now: datetime) -> Admission:
    """Decide on a call, hold minutes for it and write the Decision down.

    The same call asked again gets the same answer and no second hold. Raises
    `django.db.Error` if the database cannot answer: the caller must then refuse.
    """
    for _ in range(ROLL_OVER_PASSES_MAX):
        answer = _ask(request.ref, now)
        if "roll_over" not in answer:
            return _admission(answer)
        cycles.roll_over(UUID(answer["roll_over"]), now=now)
    raise RuntimeError("the running cycle has ended and would not roll over")


def ref_json(ref: CallRef, *, at: datetime, number: int = 0) -> dict[str, Any]:
    """What the database function `route_calls` needs to know of a call."""
    return {
        "n": number,
        "provider": ref.provider,
        "call_id": ref.call_id,
        "number_id": ref.number_id,
        "assistant_id": ref.assistant_id,
        "trusted_organization_id": ref.trusted_organization_id,
        "direction": ref.direction,
        "call_from": ref.call_from,
        "call_to": ref.call_to,
        "at": at,
    }


def _ask(ref: CallRef, now: datetime) -> dict[str, Any]:
    asked = ref_json(ref, at=now) | {"may_commit_late": not connection.in_atomic_block}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gate_admit(%s::jsonb, %s, %s, %s)::text",
            [book_rows.dumps(asked), now, new_id(), new_id()],
        )
        answer: dict[str, Any] = book_rows.loads(cursor.fetchone()[0])
    return answer


def _admission(answer: dict[str, Any]) -> Admission:
    def uuid(name: str) -> UUID | None:
        return UUID(answer[name]) if answer.get(name) else None

    return Admission(
        admitted=answer["admitted"],
        rule=answer["rule"],
        organization_id=uuid("organization_id"),
        minutes=answer.get("minutes", 0),
        seconds_max=answer.get("seconds_max", 0),
        hold_id=uuid("hold_id"),
        would_refuse=answer.get("would_refuse", False),
        agent_id=uuid("agent_id"),
        assistant_id=answer.get("assistant_id") or "",
        refusal_text=answer.get("refusal_text") or "",
        is_replay=answer.get("is_replay", False),
    )
