"""Flutterwave keeps what billing relies on."""

import base64
import hashlib
import hmac
import json

import pytest

from billing.providers import registry
from billing.providers.answers import Checkout, FetchedFacts
from billing.providers.flutterwave.provider import FlutterwaveProvider
from billing.providers.orders import Customer
from tests.billing.flutterwave.conftest import HASH, NOW
from tests.billing.providers_contract import ROW, Contract, Side

EVENT = {
    "event": "charge.completed",
    "data": {"id": 7, "tx_ref": "sb-7", "status": "successful"},
}


@pytest.fixture(params=["signature", "hash"])
def side(request, flutterwave) -> Side:
    config = registry.config("flutterwave")

    def pay(page: Checkout) -> FetchedFacts:
        flutterwave.control(f"pay/{page.id}")
        adapter = FlutterwaveProvider(config)
        raw = flutterwave.last_hook()
        event = adapter.verify(raw, {"verif-hash": HASH}, now=NOW)
        return adapter.fetch(event.type, event.body)

    def signed(body: bytes) -> dict[str, str]:
        if request.param == "hash":
            return {"verif-hash": HASH}
        sum_of = hmac.digest(HASH.encode(), body, hashlib.sha256)
        return {"flutterwave-signature": base64.b64encode(sum_of).decode()}

    return Side(
        make=FlutterwaveProvider,
        config=config,
        customer=Customer(ROW, name="Lagos Dental", email="ada@example.org"),
        currency="NGN",
        now=NOW,
        pay=pay,
        signed=signed,
        event=json.dumps(EVENT).encode(),
    )


class TestFlutterwave(Contract):
    pass
