"""Of a day's messages some are lost. The commands bring back what would have been.

The same calls happen to two organizations. One hears everything; of what is told to the
other after its calls were let through, one message in twenty is lost. (A lost question is no
lost fact: the provider does not connect a call that nobody answers for.)
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.utils import timezone

from metering.balances import cycles
from metering.calls import gate, reconcile, sweep
from metering.models import (
    Allowance,
    BillingCycle,
    Call,
    CycleCharge,
    DailyUsage,
    Hold,
    OverageCharge,
)
from metering.verification.run import verify
from servicebilling.sandbox.vapi import calls, messages
from tests.factories import metering as make
from tests.length import IS_LONG
from tests.telephony import post

pytestmark = pytest.mark.django_db

CALLS = 1000 if IS_LONG else 40
LOST = 0.05


def talks(rng: Random) -> list[dict]:
    """How the calls of the day go; some are never answered, some are cut off."""
    return [
        {
            "ring_seconds": 0.0,
            "talk_seconds": None
            if rng.random() < 0.08
            else round(min(2000, rng.lognormvariate(4.4, 0.9)), 3),
        }
        for _ in range(CALLS)
    ]


def live_through(provider, line, day: list[dict], *, lose: Random | None) -> list[str]:
    """Let the calls happen; returns their ids, in order."""
    happened = []
    for goes in day:
        provider.box.next_calls = [goes]
        call = calls.create(
            provider.box,
            kind="inboundPhoneCall",
            assistant_id=None,
            number_id=line.provider_number_id,
            customer="+12025550178",
        )
        answer = post(messages.assistant_request(provider.box, call))
        assert "error" not in answer
        with provider.box.lock:
            calls.obey(provider.box, call, answer)
        happened.append(call["id"])
    for one in provider.messages():
        if lose is None or lose.random() >= LOST:
            post(one["message"])
    return happened


def state(organization, happened: list[str]) -> dict:
    """What the day came to, without the names that calls have."""
    allowance = Allowance.objects.get(organization=organization)
    known = {
        call.provider_call_id: call
        for call in Call.objects.filter(organization=organization)
    }
    assert set(known) == set(happened)
    return {
        "used": allowance.minutes_used_this_cycle,
        "credit": allowance.credit_minutes,
        "otherwise": allowance.minutes_paid_otherwise,
        "ceiling": allowance.minutes_ceiling,
        "held": allowance.minutes_held,
        "calls": [
            (call.status, call.duration_seconds, call.billed_minutes, call.ended_reason)
            for call in (known[one] for one in happened)
        ],
        "flags": Counter(flag for call in known.values() for flag in call.flags),
        "cost": sum(call.cost or 0 for call in known.values()),
        "price": sum(call.price for call in known.values()),
        "charges": list(
            CycleCharge.objects.filter(organization=organization).values_list(
                "minutes", "seconds", "amount"
            )
        ),
        "overage": OverageCharge.objects.filter(organization=organization).aggregate(
            Sum("minutes"), Sum("amount")
        ),
        "daily": list(
            DailyUsage.objects.filter(organization=organization)
            .values("meter")
            .annotate(
                Sum("count"),
                Sum("quantity"),
                Sum("talk_seconds"),
                Sum("cost"),
                Sum("price"),
            )
        ),
        "holds": Counter(
            Hold.objects.filter(organization=organization).values_list("state", flat=True)
        ),
    }


def test_the_commands_restore_the_day_that_lost_nothing(provider):
    month = timezone.now() - timedelta(days=3)
    card = make.make_card(
        when_exhausted="overage",
        included_minutes=CALLS,
        overage_limit_minutes=100_000,
        calls_at_once_max=100_000,
    )
    provider.control("settings", {"pace": 1_000_000})
    whole, torn = (make.make_balances(now=month, card=card) for _ in range(2))
    lines = [
        make.make_number(organization=one, valid_from=datetime(2026, 1, 1, tzinfo=UTC))
        for one in (whole, torn)
    ]
    day = talks(Random(7))
    heard = live_through(provider, lines[0], day, lose=None)
    lost = live_through(provider, lines[1], day, lose=Random(8))
    expected = state(whole, heard)
    assert expected["held"] == 0
    assert expected["otherwise"] > 0
    assert state(torn, lost) != expected

    since = (timezone.now() - timedelta(hours=2)).isoformat()
    call_command("reconcile_calls", "--since", since, "--json")
    sweep.run(now=timezone.now() + timedelta(hours=2))

    assert state(torn, lost) == expected
    assert verify(now=timezone.now()).findings == []


@pytest.mark.parametrize("closed", [False, True], ids=["same month", "after its close"])
def test_estimates_give_way_to_the_truth_up_and_down(closed, provider):
    now = timezone.now()
    acme = make.make_balances(
        now=now - timedelta(days=3), card=make.make_card(included_minutes=100)
    )
    line = make.make_number(organization=acme, valid_from=datetime(2026, 1, 1, tzinfo=UTC))
    for talk_seconds in (90, 1195):
        provider.control("next_calls", [{"talk_seconds": talk_seconds}])
        call = calls.create(
            provider.box,
            kind="outboundPhoneCall",
            assistant_id=line.agent.provider_assistant_id,
            overrides={"maxDurationSeconds": 40_000},
            number_id=line.provider_number_id,
            customer="+12025550178",
        )
        ref = make.call_ref(line, call_id=call["id"])
        assert gate.admit(make.make_request(ref, at=now), now=now).admitted
    provider.messages()
    Hold.objects.update(in_progress_at=now)
    provider.fault("no_answer", times=0)
    assert sweep.run(now=now + timedelta(hours=2)).estimated == 2
    assert Allowance.objects.get().minutes_used_this_cycle == 28
    later = now + timedelta(days=31 if closed else 1)
    if closed:
        cycles.roll_over(acme.pk, now=later)
    provider.control("faults", method="DELETE")

    found = reconcile.run(since=now - timedelta(hours=1), now=later)

    assert (found.settled, found.unresolved) == (2, [])
    assert sorted(Call.objects.values_list("billed_minutes", flat=True)) == [2, 20]
    assert set(Call.objects.values_list("status", flat=True)) == {"completed"}
    first = BillingCycle.objects.order_by("starts_at").first()
    assert first.minutes_used == 22
    assert Allowance.objects.get().minutes_used_this_cycle == (0 if closed else 22)
    assert verify(now=later).findings == []
