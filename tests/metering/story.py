"""An organization, its number and its clock: what happens to it reads as a story."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Organization
from metering.balances import cycles, ledger
from metering.calls import gate, statuses, sweep
from metering.calls.settle import Settled, settle
from metering.models import (
    Allowance,
    BillingCycle,
    Call,
    Hold,
    MinuteTransaction,
    OverageCharge,
    PhoneNumber,
    RateCard,
)
from metering.providers.base import CallRef
from tests.factories import metering as make


@dataclass
class Story:
    owner: Organization
    number: PhoneNumber
    now: datetime
    answers: dict[str, gate.Admission] = field(default_factory=dict)

    # What is there

    @property
    def allowance(self) -> Allowance:
        return Allowance.objects.get(organization=self.owner)

    @property
    def remaining(self) -> int:
        """Plan and credit minutes that nothing has used."""
        found = self.allowance
        covered = found.minutes_used_this_cycle - found.minutes_paid_otherwise
        return found.plan_minutes + found.credit_minutes - covered

    @property
    def wallet(self) -> Decimal:
        self.owner.refresh_from_db()
        return self.owner.wallet.balance

    @property
    def months(self) -> list[BillingCycle]:
        """Oldest first."""
        return list(
            BillingCycle.objects.filter(organization=self.owner).order_by("starts_at")
        )

    def call(self, ref: CallRef) -> Call:
        return Call.objects.get(organization=self.owner, provider_call_id=ref.call_id)

    def hold(self, ref: CallRef) -> Hold:
        return Hold.objects.get(reference=f"vapi:{ref.call_id}")

    def ledger_of(self, ref: CallRef) -> list[MinuteTransaction]:
        rows = MinuteTransaction.objects.filter(call_id=self.call(ref).id)
        return list(rows.order_by("id"))

    def overage(self) -> tuple[int, Decimal]:
        """Minutes and money of all overage charges."""
        rows = OverageCharge.objects.filter(organization=self.owner)
        return sum(row.minutes for row in rows), sum(row.amount for row in rows)

    # What happens

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def ask(self, **fields: Any) -> tuple[CallRef, gate.Admission]:
        """A call asks whether it may connect."""
        ref = make.call_ref(self.number, **fields)
        answer = gate.admit(make.make_request(ref, at=self.now), now=self.now)
        self.answers[ref.call_id] = answer
        return ref, answer

    def admitted(self, **fields: Any) -> CallRef:
        ref, answer = self.ask(**fields)
        assert answer.admitted, answer.rule
        return ref

    def report(self, ref: CallRef, seconds: int | None, **fields: Any) -> Settled:
        fields.setdefault("started_at", self.now)
        settled = settle([make.make_report(ref, seconds=seconds, **fields)], now=self.now)
        return settled[0]

    def talk(self, seconds: int) -> CallRef:
        """A call asks, is admitted, talks and is charged."""
        ref = self.admitted()
        assert self.report(ref, seconds).outcome == "charged"
        return ref

    def talk_unasked(self, seconds: int, **fields: Any) -> CallRef:
        """The report of a call that never asked."""
        ref = make.call_ref(self.number)
        assert self.report(ref, seconds, **fields).outcome == "charged"
        return ref

    def seen_running(self, ref: CallRef, **fields: Any) -> str:
        return statuses.apply(make.make_status(ref, at=self.now, **fields), now=self.now)

    def lose_report(self, ref: CallRef) -> sweep.Swept:
        """The call was seen running; no report comes; the sweeper estimates it."""
        self.seen_running(ref)
        self.wait(hours=2)
        return sweep.run(now=self.now)

    def next_month(self) -> None:
        """The clock rolls over, a second after the month has ended."""
        self.now = self.allowance.cycle_ends_at + timedelta(seconds=1)
        cycles.roll_over(self.owner.id, now=self.now)

    def buy(self, minutes: int, kind: str = "purchase") -> None:
        ledger.add_credit_minutes(
            organization_id=self.owner.id,
            minutes=minutes,
            kind=kind,
            reference=make.reference_of(),
            now=self.now,
        )

    def adjust_used(self, minutes: int) -> None:
        ledger.adjust_used(
            organization_id=self.owner.id,
            minutes=minutes,
            reference=make.reference_of("adjustment"),
            reason="Test",
            now=self.now,
        )

    def adjust_credit(self, minutes: int) -> None:
        ledger.adjust_credit(
            organization_id=self.owner.id,
            minutes=minutes,
            reference=make.reference_of("adjustment"),
            reason="Test",
            now=self.now,
        )

    def top_up(self, amount: str) -> None:
        ledger.move_money(
            organization_id=self.owner.id,
            amount=Decimal(amount),
            kind="top_up",
            reference=make.reference_of(),
            now=self.now,
        )

    def spend(self, amount: str) -> None:
        ledger.spend_money(
            organization_id=self.owner.id,
            amount=Decimal(amount),
            kind="purchase",
            reference=make.reference_of(),
            now=self.now,
        )

    def change_card(self, card: RateCard) -> None:
        cycles.change_card(organization_id=self.owner.id, card_id=card.id, now=self.now)

    def vouch(self, *, starts_at: datetime, until: datetime | None) -> bool:
        return cycles.vouch(
            organization_id=self.owner.id,
            period_starts_at=starts_at,
            rolls_until=until,
            now=self.now,
        )


def begin(now: datetime, card: RateCard | None = None, **balances: Any) -> Story:
    """A new organization on a card, with a number that an agent answers."""
    owner = make.make_balances(card=card, now=now, **balances)
    return Story(owner, make.make_number(organization=owner, valid_from=now), now)
