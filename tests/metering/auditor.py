"""The auditor, told of calls and of what billing and staff do. See `auditor_pools`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from metering.rating import Card
from tests.metering.auditor_pools import (
    CUT_OFF,
    OVERAGE,
    POSTPAID,
    WALLET,
    Bag,
    Held,
    Month,
    Pools,
    dearest,
)


@dataclass
class Told:
    """What is known of one call."""

    status: str
    is_unadmitted: bool = False
    ended_at: datetime | None = None
    talked: int | None = None
    minutes: int = 0
    charged: int = 0
    charged_seconds: int = 0
    price: Decimal = Decimal(0)
    card: Card | None = None
    month: Month | None = None
    postings: int = 0


class Refused(Exception):
    """A debit asks for what is not free."""


@dataclass
class Auditor(Pools):
    calls: dict[str, Told] = field(default_factory=dict)

    # Calls

    def admit(self, call_id: str, now: datetime) -> tuple[str, int]:
        """The rule that decides, and the minutes granted."""
        self.roll_over(now)
        card = self.live.card
        if call_id in self.calls:
            return "already_ended", 0
        rule, minutes = self._decide(card), 0
        if rule == "ok":
            minutes = self._grant(card)
            cap = 60 * minutes - 5
            self.holds[call_id] = Held(
                minutes, cap, card, self.live, now + timedelta(seconds=cap, minutes=15)
            )
        self.calls[call_id] = Told("active" if minutes else "refused")
        return rule, minutes

    def _decide(self, card: Card) -> str:
        if self.standing == "past_due":
            return "past_due"
        if len(list(self.open_holds())) >= card.calls_at_once_max:
            return "too_many_calls"
        if self.available() > 0:
            return "ok"
        if self.standing == "no_plan":
            return "no_plan"
        return {
            OVERAGE: "overage_limit",
            WALLET: "wallet_empty",
            POSTPAID: "credit_limit",
            CUT_OFF: "no_minutes",
        }[card.when_exhausted]

    def _grant(self, card: Card) -> int:
        free = self.available()
        quarter = next(n for n in count(1) if 4 * n >= free)
        useful = quarter if quarter > card.slice_minutes else card.slice_minutes
        return min(useful, free, card.call_minutes_max)

    def seen_running(self, call_id: str, at: datetime) -> None:
        hold = self.holds.get(call_id)
        if hold and hold.state == "open" and hold.running_since is None:
            hold.running_since = at

    def seen_ended(self, call_id: str, at: datetime) -> None:
        call = self.calls.get(call_id)
        if call and call.status == "active" and call.ended_at is None:
            call.ended_at = at

    def report(
        self,
        call_id: str,
        *,
        started_at: datetime,
        talked: int | None,
        now: datetime,
        is_estimate: bool = False,
    ) -> str:
        self.roll_over(now)
        call = self.calls.get(call_id)
        if call is None:
            call = self.calls[call_id] = Told("active", is_unadmitted=True)
        if call.postings and (call.status != "estimated" or is_estimate):
            return "already" if is_estimate or talked == call.talked else "conflicting"
        if call.status == "refused" and not talked:
            return "refused"
        outcome = "superseded" if call.postings else "charged"
        hold = self.holds.get(call_id)
        month, card = self._whose(call, hold, started_at)
        billed = self._billed(call, hold, card, talked or 0)
        self._move(call, month, card, billed)
        call.talked, call.month = talked, month
        call.postings += 1
        call.status = "failed" if talked is None else "completed"
        if is_estimate:
            call.status = "estimated"
        if hold and hold.state in ("open", "estimated"):
            hold.state = "estimated" if is_estimate else "settled"
        return outcome

    def _whose(
        self, call: Told, hold: Held | None, started_at: datetime
    ) -> tuple[Month, Card]:
        if call.postings:
            return call.month, self.terms(call.month, call.card)
        if hold:
            return hold.month, self.terms(hold.month, hold.card)
        for month in self.months:
            if month.starts_at <= started_at < month.ends_at:
                return month, self.terms(month)
        return self.live, self.terms(self.live)

    def _billed(self, call: Told, hold: Held | None, card: Card, talked: int) -> int:
        billed = card.increment_first_seconds if talked else 0
        while billed < talked:
            billed += card.increment_step_seconds
        if hold and not call.is_unadmitted and talked <= 60 * hold.minutes + 30:
            billed = min(billed, 60 * hold.minutes)
        return billed

    def _move(self, call: Told, month: Month, card: Card, billed: int) -> None:
        minutes = next(n for n in count() if 60 * n >= billed)
        before = self.spent()
        if minutes >= call.minutes:
            self._use_more(call, month, card, minutes, billed)
        else:
            self._give_back(call, month, card, minutes, billed)
        call.minutes = minutes
        call.price += self.spent() - before

    def _use_more(
        self, call: Told, month: Month, card: Card, minutes: int, billed: int
    ) -> None:
        card_beyond = self.terms(self.live) if card.when_exhausted == CUT_OFF else card
        pooled, beyond = call.minutes - call.charged, call.charged
        for _ in range(minutes - call.minutes):
            if self.pools_pay(month):
                pooled += 1
            elif card_beyond.when_exhausted == CUT_OFF:
                self.lend(month)
                pooled += 1
            else:
                beyond += 1
        call.card = call.card or card
        if card_beyond.when_exhausted == CUT_OFF:
            return
        if card_beyond is not card:
            billed = self._rounded_again(card_beyond, billed, minutes)
        seconds = max(0, billed - 60 * pooled)
        extra = Bag(beyond - call.charged, seconds - call.charged_seconds)
        if extra.minutes or extra.seconds:
            call.card = card_beyond
            self.charge(month, card_beyond, extra)
        call.charged, call.charged_seconds = beyond, seconds

    @staticmethod
    def _rounded_again(card: Card, billed: int, minutes: int) -> int:
        rounded = card.increment_first_seconds if billed else 0
        while rounded < billed:
            rounded += card.increment_step_seconds
        return min(rounded, 60 * minutes)

    def _give_back(
        self, call: Told, month: Month, card: Card, minutes: int, billed: int
    ) -> None:
        less = call.minutes - minutes
        own = min(less, call.charged)
        pooled = call.minutes - call.charged
        left = max(0, billed - 60 * pooled) if own < call.charged else 0
        self.take_back(
            month, card, less, own=Bag(own, call.charged_seconds - left) if own else None
        )
        call.charged -= own
        call.charged_seconds = left

    # Holds that stay silent

    def sweep(self, now: datetime) -> None:
        silent = [
            (call_id, hold)
            for call_id, hold in self.holds.items()
            if hold.state == "open" and hold.expires_at + timedelta(minutes=45) <= now
        ]
        for call_id, hold in sorted(silent, key=lambda item: item[1].expires_at):
            call = self.calls[call_id]
            if hold.running_since is None:
                self.roll_over(now)
                hold.state, call.status = "released", "failed"
                continue
            cap_at = hold.running_since + timedelta(seconds=hold.cap_seconds)
            end = max(hold.running_since, min(call.ended_at or cap_at, cap_at))
            talked = -((hold.running_since - end) // timedelta(seconds=1))
            self.report(
                call_id,
                started_at=hold.running_since,
                talked=talked,
                now=now,
                is_estimate=True,
            )

    # Money and minutes by other hands

    def buy(self, minutes: int, now: datetime) -> None:
        self.roll_over(now)
        self.credit += minutes

    def adjust_credit(self, minutes: int, now: datetime) -> None:
        self.roll_over(now)
        if minutes < 0 and -minutes > min(self.free_credit(), max(0, self.available())):
            raise Refused
        self.credit += minutes

    def adjust_used(self, minutes: int, now: datetime) -> None:
        self.roll_over(now)
        if minutes < 0:
            if -minutes > self.live.used:
                raise Refused
            self.take_back(self.live, self.live.card, -minutes)
            return
        if minutes > min(max(0, self.remaining()), max(0, self.available())):
            raise Refused
        for _ in range(minutes):
            assert self.pools_pay(self.live)

    def top_up(self, amount: Decimal, now: datetime) -> None:
        self.roll_over(now)
        self.wallet += amount

    def spend(self, amount: Decimal, now: datetime) -> None:
        self.roll_over(now)
        before = self.available()
        self.wallet -= amount
        promised = Decimal(0)
        if self.terms(self.live).when_exhausted != WALLET:
            for hold in self.open_holds():
                if hold.card.when_exhausted == WALLET:
                    promised += hold.minutes * dearest(hold.card)
        if self.wallet < promised:
            raise Refused
        if self.held() and self.available() < 0 and self.available() < before:
            raise Refused

    # Terms

    def change_card(self, card: Card, now: datetime) -> None:
        self.roll_over(now)
        self.plan_card = self.live.card = card
        if not self.live.is_paid:
            return
        needed = self.live.covered + self.held()
        while self.live.plan > card.included_minutes and self.live.plan > needed:
            self.live.plan -= 1
        self.live.plan = max(self.live.plan, card.included_minutes)

    def change_card_at_end(self, card: Card, now: datetime) -> None:
        self.roll_over(now)
        self.plan_card = card

    def vouch(
        self, period_starts_at: datetime, until: datetime | None, now: datetime
    ) -> bool:
        self.roll_over(now)
        if until is None or self.rolls_until is None or until > self.rolls_until:
            self.rolls_until = until
        live = self.live
        is_near = abs(live.starts_at - period_starts_at) <= timedelta(days=1)
        is_within = period_starts_at <= live.starts_at and (
            until is None or live.ends_at <= until
        )
        if live.is_paid or not (is_near or is_within):
            return False
        live.is_paid, live.plan = True, live.card.included_minutes
        return True
