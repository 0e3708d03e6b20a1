"""Acme Dental owns the number and the assistant of the sample messages."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import Organization
from metering.models import Agent, PhoneNumber
from metering.verification.run import verify
from tests import payloads
from tests.factories import accounts
from tests.factories import metering as make
from tests.signing import vapi_secret

URL = "/api/webhooks/vapi"
MONTH_START = datetime(2026, 11, 1, tzinfo=UTC)
# The samples' day, shortly after their last call.
NOW = datetime(2026, 11, 20, 15, 40, tzinfo=UTC)

Post = Callable[..., HttpResponse]


@pytest.fixture(autouse=True)
def now(monkeypatch) -> datetime:
    """The moment at which every message of a test arrives."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


@pytest.fixture(autouse=True)
def books_add_up(request) -> Iterator[None]:
    """Whatever was posted, the books add up afterwards."""
    yield
    if "organization_with_number" in request.fixturenames:
        assert verify(now=NOW).findings == []


@pytest.fixture
def acme(db) -> Organization:
    """An organization with 100 minutes, and nobody's number yet."""
    acme = accounts.make_organization(name="Acme Dental", now=MONTH_START)
    return make.make_balances(organization=acme, now=MONTH_START)


@pytest.fixture
def organization_with_number(acme) -> Organization:
    """Acme Dental, whose agent answers the number of the samples."""
    agent = Agent.objects.create(
        organization=acme, name="Receptionist", provider_assistant_id=payloads.ASSISTANT_ID
    )
    PhoneNumber.objects.create(
        organization=acme,
        e164=payloads.NUMBER,
        provider_number_id=payloads.NUMBER_ID,
        agent=agent,
        valid_from=MONTH_START,
    )
    return acme


@pytest.fixture
def defect(organization_with_number) -> Callable[[], None]:
    """Something in the database that no charge gets past, until it is mended."""
    name = "nothing_may_be_charged"
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE usage_events ADD CONSTRAINT {name} CHECK (false) NOT VALID"
        )

    def mend() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE usage_events DROP CONSTRAINT {name}")

    return mend


@pytest.fixture
def post(client: Client) -> Post:
    """Post a message (or raw bytes), by default with the right secret."""

    def posted(
        message: Any,
        *,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> HttpResponse:
        body = message if isinstance(message, bytes) else payloads.as_body(message)
        return client.post(
            URL,
            body,
            content_type=content_type,
            headers=vapi_secret() if headers is None else headers,
            # The test client names no type when the body is empty.
            CONTENT_TYPE=content_type,
        )

    return posted
