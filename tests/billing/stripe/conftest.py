"""The Stripe sandbox on a port of its own, and the adapter that speaks to it."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from billing import catalogue_loading, plans
from billing.providers import registry
from billing.providers.base import Config
from billing.providers.orders import Customer
from billing.providers.stripe.client import API_VERSION, Gateway
from billing.providers.stripe.provider import StripeProvider
from metering.verification.run import verify
from servicebilling.sandbox.stripe.running import Sandbox
from tests.billing.stripe import talking
from tests.billing.stripe.customers import Paying
from tests.billing.stripe.kept import KeptCatalogue
from tests.sandbox import checker

KEY = "sk_test_sandbox"
# Spares each request the reading of all certificates; the sandbox speaks plain HTTP.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Longer than any answer takes, also on a busy machine.
PATIENCE_SECONDS = 60
ORGANIZATION = UUID("01900000-0000-7000-8000-000000000001")


# For all that tests ask; making one takes longer than an answer.
CLIENT = httpx.Client(
    verify=NO_TLS,
    timeout=PATIENCE_SECONDS,
    trust_env=False,
    limits=httpx.Limits(max_keepalive_connections=0),
)


def ask(method: str, url: str, **given: Any) -> httpx.Response:
    return CLIENT.request(method, url, **given)


@dataclass
class Stripe:
    """The sandbox as tests see it: Stripe's own API, and the customer who pays."""

    url: str

    def control(self, act: str, /, **params: Any) -> Any:
        answer = ask("POST", f"{self.url}/_sandbox/{act}", data=params)
        assert answer.is_success, answer.text
        return answer.json()

    def control_shown(self, what: str) -> Any:
        return ask("GET", f"{self.url}/_sandbox/{what}").json()

    def control_fails(self, act: str, /, **params: Any) -> int:
        """Return the status with which an act was refused."""
        answer = ask("POST", f"{self.url}/_sandbox/{act}", data=params)
        assert answer.is_client_error, answer.text
        return answer.status_code

    def every(self, kind: str) -> list[dict[str, Any]]:
        return ask("GET", f"{self.url}/_sandbox/objects/{kind}").json()["data"]

    def get(self, path: str, **params: Any) -> Any:
        return self._send("GET", path, params=params)

    def post(self, path: str, **params: Any) -> Any:
        return self._send("POST", path, data=params)

    def delete(self, path: str) -> Any:
        return self._send("DELETE", path)

    def get_v2(self, path: str, **params: Any) -> Any:
        answer = ask(
            "GET",
            f"{self.url}/v2/{path}",
            params=params,
            headers={"Authorization": f"Bearer {KEY}", "Stripe-Version": API_VERSION},
        )
        assert answer.is_success, answer.text
        return answer.json()

    def post_v2(self, path: str, **body: Any) -> Any:
        answer = ask(
            "POST",
            f"{self.url}/v2/{path}",
            json=body,
            headers={"Authorization": f"Bearer {KEY}", "Stripe-Version": API_VERSION},
        )
        assert answer.is_success, answer.text
        return answer.json()

    def pay(self, session_id: str, **params: Any) -> Any:
        return self.control(f"checkout/{session_id}/pay", **params)

    def _send(self, method: str, path: str, **given: Any) -> Any:
        answer = ask(
            method,
            f"{self.url}/v1/{path}",
            headers={"Authorization": f"Bearer {KEY}"},
            **given,
        )
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def stripe(running_sandbox) -> Stripe:
    """An account in which nothing has happened, at a moment that stands still. It sends no
    webhooks: nobody would be there to take them."""
    there = Stripe(running_sandbox.url)
    there.control("reset", at="1769860800", frozen="true", keep_endpoints="false")
    there.control("settings", delivers_by_itself="false")
    return there


@pytest.fixture(scope="session")
def kept_catalogue(running_sandbox) -> KeptCatalogue:
    return KeptCatalogue(running_sandbox.box)


@pytest.fixture(scope="session")
def checked_url(running_sandbox) -> Iterator[str]:
    """Where the adapter speaks to: the checker of Stripe's traffic, if there is one."""
    with checker.before_if_here(running_sandbox.url) as url:
        yield url


@pytest.fixture
def spoken_to(stripe, checked_url) -> Iterator[str]:
    """The adapter's way to Stripe; an error in what is said there fails the test."""
    with checker.finding_nothing(checked_url):
        yield checked_url


@pytest.fixture
def config(spoken_to) -> Config:
    return Config(
        secret_key=KEY,
        webhook_secrets=("whsec_test",),
        api_base=spoken_to,
        website_url="http://localhost:8000",
    )


@pytest.fixture
def gateway(config) -> Gateway:
    return Gateway(config)


@pytest.fixture
def provider(config) -> StripeProvider:
    return StripeProvider(config)


@pytest.fixture
def customer(provider) -> Customer:
    unknown = Customer(ORGANIZATION, name="Acme Dental", email="billing@example.com")
    known = provider.create_customer(unknown)
    return Customer(ORGANIZATION, unknown.name, unknown.email, id=known)


@pytest.fixture
def paying(
    organization, stripe, provider, settings, spoken_to, monkeypatch, kept_catalogue
):
    """Somebody without a plan yet, and the shipped catalogue on sale."""
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_API_BASE = spoken_to
    began_at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    catalogue_loading.load(now=began_at)
    kept_catalogue.put()
    organization.currency = "EUR"
    organization.save(update_fields=["currency"])
    none = plans.get("none")
    plans.open_organization(
        organization=organization, plan=none, now=datetime(2026, 1, 31, 12, tzinfo=UTC)
    )
    monkeypatch.setattr(registry, "get", lambda name: provider)
    there = Paying(organization, stripe, provider)
    yield there
    assert verify(now=there.now).findings == []


@pytest.fixture
def using(paying):
    """On a plan whose minutes are used up, with 7 minutes beyond on the meter."""
    paying.subscribe("starter")
    talking.use_up(paying)
    talking.talk(paying, 7)
    talking.deliver(paying)
    return paying
