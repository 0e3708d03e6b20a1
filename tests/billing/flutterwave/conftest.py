"""The Flutterwave sandbox on a port of its own, the site that speaks to it, and an
organization in Lagos."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from django.test import Client

from accounts.models import Organization
from billing import catalogue_loading, checkout, inbox, plans
from billing.models import PaymentEvent, Plan, TopUp
from billing.providers import registry
from billing.providers.flutterwave import hooks, references
from billing.providers.flutterwave.client import Gateway
from metering.models import Wallet
from metering.verification.run import verify
from servicebilling.lib import certificates
from servicebilling.sandbox.flutterwave import hooks as sandbox_hooks
from servicebilling.sandbox.flutterwave import numbers
from servicebilling.sandbox.flutterwave.running import Sandbox
from tests.factories import accounts as make

HASH = "test-secret-hash"
# After the real clock, which the webhook view reads.
NOW = datetime.fromisoformat("2030-03-04T09:00:00+00:00")


@dataclass
class Flutterwave:
    """The sandbox as tests see it, on a clock that they move."""

    sandbox: Sandbox
    seconds: list[float]

    @property
    def box(self):
        return self.sandbox.box

    def at(self, moment: datetime) -> None:
        self.seconds[0] = moment.timestamp()

    def control(self, act: str, /, **body: Any) -> Any:
        answer = httpx.post(
            f"{self.sandbox.url}/_sandbox/{act}",
            content=numbers.written(body),
            verify=certificates.trusted(),
            timeout=60,
        )
        assert answer.is_success, answer.text
        return answer.json()

    def pay(self, row: Any, *, is_plan: bool = False, **how: Any) -> Any:
        return self.control(f"pay/{references.text(row.pk, is_plan=is_plan)}", **how)

    def last_hook(self) -> bytes:
        return numbers.written(self.box.hooks[-1]["body"]).encode()


@pytest.fixture(scope="session")
def running() -> Iterator[Flutterwave]:
    seconds = [NOW.timestamp()]
    sandbox = Sandbox(webhook_secret=HASH, wall=lambda: seconds[0])
    sandbox.start()
    yield Flutterwave(sandbox, seconds)
    sandbox.stop()


@pytest.fixture
def flutterwave(running, settings) -> Flutterwave:
    running.at(NOW)
    running.control("reset")
    settings.FLUTTERWAVE_SECRET_KEY = "FLWSECK_TEST-sandbox-X"  # noqa: S105
    settings.FLUTTERWAVE_WEBHOOK_SECRETS = [HASH]
    settings.FLUTTERWAVE_API_BASE = f"{running.sandbox.url}/v3"
    registry.get.cache_clear()
    return running


@pytest.fixture
def gateway(flutterwave) -> Gateway:
    return Gateway(registry.config("flutterwave"), sleep=lambda seconds: None)


@pytest.fixture
def lagos(db) -> Iterator[Organization]:
    """On a wallet card in naira, with an empty wallet. Whatever happens, the books add up."""
    catalogue_loading.load(now=NOW)
    organization = make.make_organization(name="Lagos Dental", currency="NGN", now=NOW)
    organization.billing_email = "ada@example.org"
    organization.save(update_fields=["billing_email"])
    card = Plan.objects.get(code="wallet-starter-ngn")
    plans.open_organization(organization=organization, plan=card, now=NOW)
    yield organization
    assert verify(now=NOW).findings == []


@pytest.fixture
def top_up(flutterwave, lagos) -> TopUp:
    """Of NGN 15,000, its page open."""
    checkout.top_up(
        organization=lagos,
        amount=Decimal(15000),
        currency="NGN",
        provider="flutterwave",
        started_by=None,
        now=NOW,
    )
    return TopUp.objects.get()


def balance(organization: Organization) -> Decimal:
    return Wallet.objects.get(organization=organization).balance


def deliver(raw: bytes, **headers: str) -> int:
    """A webhook arrives; returns the status of the answer."""
    answer = Client().post(
        "/api/webhooks/flutterwave",
        raw,
        content_type="application/json",
        headers=headers or {"verif-hash": HASH},
    )
    return answer.status_code


def signed(flutterwave: Flutterwave, raw: bytes) -> dict[str, str]:
    flutterwave.box.settings["signs"] = "hmac"
    return sandbox_hooks.headers(flutterwave.box, raw)


def work(*, now: datetime = NOW) -> list[str]:
    """The worker goes over the inbox; returns the states that events came to."""
    later = now + timedelta(days=2)
    return [inbox.process(event_id, now=later) for event_id in inbox.due(now=later)]


def hint(transaction: dict[str, Any], **changed: Any) -> bytes:
    """A webhook of a transaction, with whatever a forger writes into it."""
    body = {"event": hooks.CHARGE, "data": transaction | changed}
    return numbers.written(body).encode()


def states() -> list[str]:
    return list(PaymentEvent.objects.order_by("id").values_list("state", flat=True))
