"""One sandbox for all these tests, empty at the beginning of each."""

from collections.abc import Iterator

import pytest

from servicebilling.sandbox.stripe.running import Sandbox
from tests.sandbox import checker
from tests.sandbox.receiver import Receiver
from tests.sandbox.shop import Shop


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    running = Sandbox()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def open_shop(sandbox) -> Iterator[Shop]:
    with checker.before_if_here(sandbox.url) as url:
        shop = Shop(sandbox.url, checked_url=url)
        shop.checked_url = url
        yield shop
        shop.close()


@pytest.fixture
def shop(open_shop: Shop) -> Iterator[Shop]:
    """A shop that has sold nothing yet. Afterwards nothing may have broken inside the
    sandbox, and the checker, where there is one, must not have found an error."""
    open_shop.control("POST", "reset", keep_endpoints=False)
    if checker.is_here():
        checker.ask(open_shop.checked_url, "_reset", "POST")
    yield open_shop
    assert open_shop.control("GET", "state")["mistakes"] == []
    if checker.is_here():
        assert checker.errors(open_shop.checked_url) == []
        assert checker.errors_in_events(open_shop.events()) == []


@pytest.fixture
def receiver(shop: Shop) -> Iterator[Receiver]:
    """Somebody who takes webhooks; not yet known to the sandbox."""
    taker = Receiver()
    server = taker.start()
    yield taker
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(shop: Shop, receiver: Receiver):
    """An endpoint for every event; its secret is `endpoint.secret`."""
    return shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
