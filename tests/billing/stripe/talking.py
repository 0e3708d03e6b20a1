"""Calls beyond a plan, and the worker that tells Stripe of them."""

from datetime import timedelta

from billing.overage import collecting, sending
from metering.balances import ledger
from metering.calls import gate, settle
from tests.billing.stripe.customers import Paying
from tests.factories import metering as make


def use_up(paying: Paying, minutes: int = 500) -> None:
    ledger.adjust_used(
        organization_id=paying.organization.pk,
        minutes=minutes,
        reference=make.reference_of("used"),
        reason="used",
        now=paying.now,
    )


def talk(paying: Paying, minutes: int, *, hours: int = 1) -> None:
    """Have a call now, and wait so long afterwards."""
    at = paying.now
    number = make.make_number(organization=paying.organization, valid_from=at)
    ref = make.call_ref(number)
    assert gate.admit(make.make_request(ref, at=at), now=at).admitted
    report = make.make_report(ref, started_at=at, seconds=60 * minutes)
    settle.settle([report], now=at + timedelta(minutes=minutes))
    paying.wait(hours=hours)


def deliver(paying: Paying) -> None:
    collecting.collect(now=paying.now)
    for row_id in sending.due(now=paying.now):
        sending.send(row_id, now=paying.now)
