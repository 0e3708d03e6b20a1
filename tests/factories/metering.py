"""Cards, balances, numbers, and what a telephony provider says of calls; valid by default."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from accounts.models import Organization
from metering.balances import cycles, ledger
from metering.models import Agent, Allowance, Notice, PhoneNumber, Rate, RateCard
from metering.providers.base import (
    CallRef,
    CallReport,
    CallRequest,
    CallStatus,
    Message,
)
from tests.factories import accounts

_numbers = count(1)


def make_card(
    *,
    when_exhausted: str = "cut_off",
    included_minutes: int = 100,
    unit_price: str | None = None,
    tiers: list[tuple[int | None, str]] | None = None,
    code: str = "",
    currency: str = "USD",
    increments: tuple[int, int] = (60, 60),
    **terms: Any,
) -> RateCard:
    """A rate card; priced by the minute where it goes on after the plan's minutes."""
    if when_exhausted == "overage":
        terms.setdefault("overage_limit_minutes", 1000)
    if when_exhausted == "postpaid":
        terms.setdefault("postpaid_limit_amount", Decimal(100))
    if unit_price is None and tiers is None and when_exhausted != "cut_off":
        unit_price = "0.10"
    card = RateCard.objects.create(
        code=code or f"card-{next(_numbers)}-{uuid4().hex[:8]}",
        when_exhausted=when_exhausted,
        included_minutes=included_minutes,
        currency=currency,
        increment_first_seconds=increments[0],
        increment_step_seconds=increments[1],
        **terms,
    )
    if unit_price is not None or tiers is not None:
        Rate.objects.create(
            rate_card=card,
            meter=Rate.Meter.VOICE_MINUTE,
            unit_price=unit_price,
            tiers=tiers
            and [{"up_to": up_to, "unit_price": price} for up_to, price in tiers],
        )
    return card


def make_balances(
    *,
    now: datetime,
    card: RateCard | None = None,
    organization: Organization | None = None,
    credit_minutes: int = 0,
    wallet: str = "0",
    **begin: Any,
) -> Organization:
    """An organization (a new one, if none is given) with a running cycle."""
    card = card or make_card()
    organization = organization or accounts.make_organization(
        currency=card.currency, now=now
    )
    cycles.begin(organization_id=organization.id, card_id=card.id, now=now, **begin)
    if credit_minutes:
        ledger.add_credit_minutes(
            organization_id=organization.id,
            minutes=credit_minutes,
            kind="purchase",
            reference=f"test:{uuid4()}",
            now=now,
        )
    if Decimal(wallet):
        ledger.move_money(
            organization_id=organization.id,
            amount=Decimal(wallet),
            kind="top_up",
            reference=f"test:{uuid4()}",
            now=now,
        )
    return organization


def make_number(
    *, organization: Organization, valid_from: datetime, valid_to: datetime | None = None
) -> PhoneNumber:
    """A number of the organization that an agent answers."""
    number = next(_numbers)
    agent = Agent.objects.create(
        organization=organization,
        name=f"Agent {number}",
        provider_assistant_id=f"assistant-{uuid4()}",
    )
    return PhoneNumber.objects.create(
        organization=organization,
        e164=f"+1555{number:07}",
        provider_number_id=f"number-{uuid4()}",
        agent=agent,
        valid_from=valid_from,
        valid_to=valid_to,
    )


def call_ref(
    number: PhoneNumber | None = None, *, call_id: str = "", **fields: Any
) -> CallRef:
    """A call to a number, or of whoever `trusted_organization_id` names."""
    if number is not None:
        fields.setdefault("number_id", number.provider_number_id)
        fields.setdefault("call_to", number.e164)
        fields.setdefault("call_from", "+15550100")
    return CallRef(provider="vapi", call_id=call_id or f"call-{uuid4()}", **fields)


def make_request(ref: CallRef, *, at: datetime) -> CallRequest:
    return CallRequest(ref=ref, at=at)


def make_report(
    ref: CallRef,
    *,
    started_at: datetime,
    seconds: int | None = 60,
    cost: str | None = None,
    ended_reason: str = "customer-ended-call",
    with_message: bool = False,
    **fields: Any,
) -> CallReport:
    """The end of a call that talked for `seconds`; None: never answered."""
    ended_at = started_at + timedelta(seconds=seconds or 0)
    message = None
    if with_message:
        message = Message(
            provider=ref.provider,
            kind="end-of-call-report",
            external_id=f"end-of-call-report:{ref.call_id}:{seconds}",
            body={"call": ref.call_id},
            received_at=ended_at,
            call_id=ref.call_id,
        )
    return CallReport(
        ref=ref,
        at=ended_at,
        started_at=started_at,
        ended_at=ended_at,
        duration_seconds=seconds,
        cost=None if cost is None else Decimal(cost),
        ended_reason=ended_reason,
        message=message,
        **fields,
    )


def make_status(
    ref: CallRef, *, status: str = "in-progress", at: datetime, control_url: str = ""
) -> CallStatus:
    return CallStatus(
        ref=ref,
        message=Message(
            provider=ref.provider,
            kind="status-update",
            external_id=f"status-update:{ref.call_id}:{status}",
            body={"status": status},
            received_at=at,
            call_id=ref.call_id,
        ),
        status=status,
        at=at,
        control_url=control_url,
    )


def reference_of(prefix: str = "test") -> str:
    """A name for one business fact that nothing else has."""
    return f"{prefix}:{uuid4()}"


def make_rate(
    card: RateCard,
    meter: str = "api_call",
    *,
    included: str | None = None,
    quota: str | None = None,
    unit_price: str | None = None,
    tiers: list[tuple[int | None, str]] | None = None,
) -> Rate:
    """What a card says of another meter."""
    if unit_price is None and tiers is None:
        unit_price = "0.01"
    return Rate.objects.create(
        rate_card=card,
        meter=meter,
        included_quantity=included,
        quota_limit=quota,
        unit_price=unit_price,
        tiers=tiers and [{"up_to": up_to, "unit_price": price} for up_to, price in tiers],
    )


def make_notice(*, organization: Organization, threshold: int, at: datetime) -> Notice:
    """That `threshold` of a hundred minutes were left."""
    return Notice.objects.create(
        organization=organization,
        cycle=Allowance.objects.get(organization=organization).cycle,
        kind=Notice.Kind.MINUTES_LEFT,
        threshold=threshold,
        minutes_pool=100,
        minutes_left=threshold,
        percent_used=100 - threshold,
        wallet_balance=0,
        currency=organization.currency,
        refill="minutes 100",
        created_at=at,
    )
