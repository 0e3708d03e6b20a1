"""An organization without a plan, the shipped catalogue, and a provider that can be told."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from accounts.models import Organization
from billing import catalogue_loading, plans
from billing.models import PaymentEvent
from billing.providers import registry
from metering.verification.run import verify
from tests.fakes import FakePayments

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def buyer(organization, now) -> Iterator[Organization]:
    """No plan yet; a customer of the provider. Whatever happens, the books add up."""
    catalogue_loading.load(now=now)
    plans.open_organization(organization=organization, plan=plans.get("none"), now=now)
    organization.stripe_customer_id = "cus_fake"
    organization.save(update_fields=["stripe_customer_id"])
    yield organization
    assert verify(now=now).findings == []


@pytest.fixture
def payments(monkeypatch) -> FakePayments:
    fake = FakePayments()
    monkeypatch.setattr(registry, "get", lambda name: fake)
    return fake


def stored(kind: str, *, now: datetime, number: int = 0, **body) -> int:
    """An event in the inbox, due now; returns its id."""
    row = PaymentEvent.objects.create(
        provider="stripe",
        external_id=f"evt_{kind}_{number}_{PaymentEvent.objects.count()}",
        kind=kind,
        body=body,
        state=PaymentEvent.State.RECEIVED,
        received_at=now,
        next_attempt_at=now,
    )
    return row.pk
