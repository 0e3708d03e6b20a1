"""What payment providers tell of people and their cards reaches no log, in the web process or
in the worker, whether it is understood, broken, forged or in vain."""

import hashlib
import hmac
import json
import logging
import re

import pytest
from celery import current_app
from django.db import OperationalError
from django.utils import timezone
from stripe import HTTPClient

from billing import inbox
from billing.models import PaymentEvent
from billing.providers import registry

pytestmark = pytest.mark.django_db(transaction=True)

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"
HASH, STRIPE_KEY, NAIRA_KEY = (
    "hash-of-the-site-0001",
    "sk_test_siteskey0001",
    "FLWSECK_TEST-siteskey0001-X",
)
PERSON = {
    "name": "Adaeze Okonkwo-Private",
    "email": "adaeze.private@mail.example",
    "phone": "+2348031234567",
    "address": {"line1": "17 Hidden Crescent", "postal_code": "HX4 7ZZ"},
}
CARD = {"brand": "visa", "last4": "4298", "fingerprint": "Xt5EWLLDS7FJjR1c"}
FLUTTERWAVE = {
    "event": "charge.completed",
    "event.type": "CARD_TRANSACTION",
    "data": {
        "id": 285959875,
        "tx_ref": "sb-01900000000070008000000000000001",
        "flw_ref": "FLW-PRIVATE-REFERENCE",
        "amount": 15000,
        "currency": "NGN",
        "status": "successful",
        "ip": "197.210.64.96",
        "narration": "CARD of Adaeze Okonkwo-Private",
        "customer": {
            "id": 215604089,
            "name": PERSON["name"],
            "phone_number": "08031234567",
            "email": PERSON["email"],
        },
        "card": {
            "first_6digits": "539983",
            "last_4digits": "4298",
            "issuer": "MASTERCARD PRIVATE BANK",
            "token": "flw-t1nf-private-token-m03k",
            "expiry": "09/31",
        },
    },
}
PRIVATE = [
    PERSON["name"],
    PERSON["email"],
    PERSON["phone"],
    "08031234567",
    "Hidden Crescent",
    "HX4 7ZZ",
    "4298",
    CARD["fingerprint"],
    "539983",
    "197.210.64.96",
    "MASTERCARD PRIVATE BANK",
    "flw-t1nf-private-token-m03k",
    "FLW-PRIVATE-REFERENCE",
]
SECRETS = ["whsec_test", HASH, STRIPE_KEY, NAIRA_KEY, "forged-hash-sent"]
KINDS = {
    "checkout.session.completed": {
        "id": "cs_1",
        "customer": "cus_1",
        "customer_details": PERSON,
        "payment_status": "paid",
    },
    "invoice.payment_failed": {
        "id": "in_1",
        "customer": "cus_1",
        "customer_name": PERSON["name"],
        "customer_email": PERSON["email"],
        "customer_phone": PERSON["phone"],
        "subscription": "sub_1",
    },
    "charge.refunded": {
        "id": "ch_1",
        "billing_details": PERSON,
        "payment_intent": "pi_1",
        "payment_method_details": {"type": "card", "card": CARD},
    },
    "customer.updated": {"id": "cus_1", **PERSON},
}


@pytest.fixture(autouse=True)
def providers(settings, monkeypatch):
    """Both are set up, neither answers, and the worker comes at once."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = STRIPE_KEY, NOWHERE
    settings.FLUTTERWAVE_SECRET_KEY = NAIRA_KEY
    settings.FLUTTERWAVE_API_BASE = f"{NOWHERE}/v3"
    settings.FLUTTERWAVE_WEBHOOK_SECRETS = [HASH]
    registry.get.cache_clear()
    monkeypatch.setattr(HTTPClient, "_sleep_time_seconds", lambda self, retries: 0)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)


def from_stripe(client, raw: bytes, *, said: str = "whsec_test"):
    at = int(timezone.now().timestamp())
    digest = hmac.new(said.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
    return client.post(
        "/api/webhooks/stripe",
        raw,
        content_type="application/json",
        headers={"Stripe-Signature": f"t={at},v1={digest}"},
    ).status_code


def from_flutterwave(client, raw: bytes, *, said: str = HASH):
    return client.post(
        "/api/webhooks/flutterwave",
        raw,
        content_type="application/json",
        headers={"verif-hash": said},
    ).status_code


def events() -> list[bytes]:
    return [
        json.dumps(
            {
                "id": f"evt_{number}",
                "object": "event",
                "type": kind,
                "created": 1770000000,
                "api_version": "2025-03-31.basil",
                "livemode": False,
                "data": {"object": thing},
            }
        ).encode()
        for number, (kind, thing) in enumerate(KINDS.items())
    ]


def test_no_person_no_card_and_no_secret_is_told(client, printed, monkeypatch):
    logging.getLogger().setLevel(logging.DEBUG)
    hooks = [
        *((from_stripe, raw, {"said": "whsec_forged_one"}) for raw in events()),
        (from_flutterwave, json.dumps(FLUTTERWAVE).encode(), {"said": "forged-hash-sent"}),
    ]
    for send, raw, forged in hooks:
        # Turned away by a busy machine, the provider sends it again.
        assert 200 in (send(client, raw) for _ in range(5))
        assert send(client, raw, **forged) in (400, 401)
        assert send(client, raw[: -len(raw) // 3]) in (200, 400)
    assert PaymentEvent.objects.filter(state="received").exclude(error="").exists()

    def fail(event, **_):
        raise OperationalError(f"DETAIL: Failing row contains ({event.body})")

    monkeypatch.setattr(inbox, "receive", fail)
    for send, raw, _ in hooks:
        assert send(client, raw) == 503

    said = printed.getvalue()
    # Web and worker spoke, and of what went wrong.
    assert "request_done" in said
    assert "could not be processed" in said
    for private in (*PRIVATE, *SECRETS):
        assert not is_told(private, said), private


def is_told(private: str, said: str) -> bool:
    """By itself: four digits are found by chance within the ids of requests."""
    return bool(re.search(rf"(?<![\w.]){re.escape(private)}(?!\w)", said, re.I))


@pytest.mark.parametrize("said", ['"last4":"4298"', "'4298'", "card 4298.", "x=4298,"])
def test_it_would_be_seen(said):
    assert is_told("4298", said)
    assert not is_told("4298", '"request_id":"01a20027df4298b92","milliseconds":0.4298')
