"""Calls and balances for pages to show."""

from datetime import datetime, timedelta

from accounts.models import Organization
from metering.calls import gate, settle
from metering.calls.gate import Admission
from metering.models import PhoneNumber
from tests.factories import metering as make


def number_of(organization: Organization, *, now: datetime) -> PhoneNumber:
    return make.make_number(organization=organization, valid_from=now - timedelta(days=40))


def ring(number: PhoneNumber, *, at: datetime, **fields: str) -> Admission:
    """A call that asks whether it may connect, and is still running if it may."""
    ref = make.call_ref(number, **fields)
    return gate.admit(make.make_request(ref, at=at), now=at)


def talk(
    number: PhoneNumber, *, at: datetime, seconds: int | None, **fields: str
) -> Admission:
    """A call that was admitted, took so long and was charged; None: nobody answered."""
    ref = make.call_ref(number, **fields)
    admission = gate.admit(make.make_request(ref, at=at), now=at)
    report = make.make_report(ref, started_at=at, seconds=seconds, cost="6.54")
    settle.settle([report], now=report.at)
    return admission
