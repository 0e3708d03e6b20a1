"""Every error of Stripe's is a `ProviderError`, and only some may be tried again."""

from dataclasses import replace

import httpx
import pytest
import stripe as sdk

from billing.providers.base import Config, ProviderError
from billing.providers.stripe import client
from billing.providers.stripe.client import Gateway, Missing
from billing.providers.stripe.provider import StripeProvider
from tests.billing.stripe.conftest import KEY, NO_TLS


def every_error() -> list[type[sdk.StripeError]]:
    found, waiting = [], [sdk.StripeError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return sorted(found, key=lambda kind: kind.__name__)


def raised(kind: type[sdk.StripeError], gateway: Gateway) -> ProviderError:
    error = kind.__new__(kind)
    sdk.StripeError.__init__(error, "no")

    def fail(client: object) -> None:
        raise error

    with pytest.raises(ProviderError) as told:
        gateway.ask(fail)
    return told.value


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_only_what_may_succeed_later_is_tried_again(kind, gateway) -> None:
    may_retry = kind in (sdk.APIConnectionError, sdk.APIError, sdk.RateLimitError)
    assert raised(kind, gateway).retry is may_retry


def test_an_object_that_is_gone_is_told_apart(gateway) -> None:
    with pytest.raises(Missing) as told:
        gateway.ask(lambda client: client.v1.customers.retrieve("cus_none"))
    assert told.value.retry is False


def test_a_wrong_key_is_not_tried_again(config) -> None:
    gateway = Gateway(Config(secret_key="nonsense", api_base=config.api_base))
    with pytest.raises(ProviderError, match="AuthenticationError") as told:
        gateway.ask(lambda client: client.v1.customers.list())
    assert told.value.retry is False


def test_nobody_listening_may_be_tried_again(monkeypatch) -> None:
    monkeypatch.setattr(client, "NETWORK_RETRIES", 0)
    gateway = Gateway(Config(secret_key=KEY, api_base="http://127.0.0.1:1"))
    with pytest.raises(ProviderError, match="Stripe cannot be reached") as told:
        gateway.ask(lambda client: client.v1.customers.list())
    assert told.value.retry is True


def test_without_a_key_nothing_is_called() -> None:
    with pytest.raises(ProviderError, match="STRIPE_SECRET_KEY"):
        Gateway(Config()).ask(lambda client: client.v1.customers.list())


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1"])
def test_a_live_key_is_refused_beside_a_stand_in(key) -> None:
    with pytest.raises(ProviderError, match="live key"):
        StripeProvider(Config(secret_key=key, api_base="http://127.0.0.1:8420"))
    assert StripeProvider(Config(secret_key=key)).name == "stripe"


def test_the_client_retries_and_does_not_wait_for_ever(gateway) -> None:
    """The SDK's own defaults: no retry, and 80 seconds for each answer."""
    requestor = gateway.client._requestor
    assert requestor._options.max_network_retries == 2
    assert requestor._client._timeout == (3.05, 20)


def test_an_answer_that_was_lost_does_not_make_two(gateway, stripe) -> None:
    stripe.control("faults", kind="lost_answer", path="/v1/customers", times="1")
    made = gateway.act(
        "customer:1", lambda client, once: client.v1.customers.create({}, once)
    )
    assert [row["id"] for row in stripe.every("customer")] == [made["id"]]


def test_a_failure_that_stripe_keeps_does_not_block_the_day(config, stripe) -> None:
    # Straight to the sandbox: what it says in headers does not come through the checker.
    gateway = Gateway(replace(config, api_base=stripe.url))
    stripe.control("faults", kind="500", path="/v1/customers", times="1", kept="true")

    def create() -> str:
        return gateway.act(
            "customer:1", lambda client, once: client.v1.customers.create({}, once)
        )["id"]

    assert create() == create()
    assert len(stripe.every("customer")) == 1


def test_a_server_that_stays_broken_may_be_tried_again(gateway, stripe) -> None:
    stripe.control("faults", kind="500", path="/v1/customers", times="30", kept="true")
    with pytest.raises(ProviderError, match="APIError") as told:
        gateway.act("customer:1", lambda client, once: client.v1.customers.create({}, once))
    assert told.value.retry is True
    httpx.delete(f"{stripe.url}/_sandbox/faults", verify=NO_TLS)
