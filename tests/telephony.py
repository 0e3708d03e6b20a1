"""The stand-in of the telephony provider, running for all tests, empty for each."""

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from django.test import Client

from metering.calls import vapi as adapter
from metering.providers.vapi.client import VapiClient
from servicebilling.lib import certificates
from servicebilling.sandbox.vapi.running import Sandbox
from tests.signing import vapi_secret

KEY = "sandbox-key"


def post(message: dict) -> dict:
    """Hand the site a message of the provider's, as the wire would; returns the answer."""
    answer = Client().post(
        "/api/webhooks/vapi",
        json.dumps({"message": message}),
        content_type="application/json",
        headers=vapi_secret(),
    )
    assert answer.status_code == 200
    return answer.json()


class Provider:
    """What a test does to the stand-in, over its own door."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.box, self.url = sandbox, sandbox.box, sandbox.url

    def control(self, path: str, body: object = None, *, method: str = "POST"):
        answer = httpx.request(
            method,
            f"{self.url}/_sandbox/{path}",
            json=body,
            trust_env=False,
            verify=certificates.trusted(),
            timeout=60,
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, kind: str, **which) -> None:
        self.control("faults", {"kind": kind} | which)

    def requests(self, method: str, path: str) -> int:
        """How often the API was asked that."""
        return sum(
            one["method"] == method and one["path"] == path for one in self.box.requests
        )

    def calls(self) -> list[dict]:
        return list(self.box.calls.values())

    def messages(self) -> list[dict]:
        """Let every call end, and take what is waiting to be sent."""
        for _ in range(12_000):
            self.box.run_due()
            if not self.box.agenda:
                break
            time.sleep(0.005)
        with self.box.lock:
            waiting, self.box.outbox = self.box.outbox, []
        return waiting


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    sandbox = Sandbox(webhook_secret="test-secret", api_key=KEY)
    sandbox.start()
    yield Provider(sandbox)
    sandbox.stop()


@pytest.fixture
def provider(running_provider, settings) -> Iterator[Provider]:
    """A provider that nobody has called yet. It keeps its messages until they are taken."""
    settings.VAPI_API_KEY = KEY
    settings.VAPI_API_BASE = running_provider.url
    running_provider.box.reset()
    running_provider.control(
        "settings",
        {
            "delivers_by_itself": False,
            "ring_seconds": 0.0,
            "report_seconds": 0.0,
            "pace": 10_000,
        },
    )
    yield running_provider
    assert running_provider.box.mistakes == []


@pytest.fixture
def client_of_provider(provider) -> VapiClient:
    return adapter.client()
