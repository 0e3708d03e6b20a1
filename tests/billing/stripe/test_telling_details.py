"""Name, address, e-mail and tax id reach the provider's documents, once per change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.documents import details, telling
from billing.documents.details import Details
from billing.models import ToldCustomer
from billing.providers import registry
from billing.providers.base import Config
from billing.providers.stripe.provider import StripeProvider
from tests.billing.stripe.conftest import KEY

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ACME = Details(
    "Acme GmbH",
    "Weg 1",
    postal_code="10115",
    city="Berlin",
    country="DE",
    tax_id_type="eu_vat",
    tax_id="DE123456789",
)


@pytest.fixture
def known(organization, stripe, monkeypatch):
    """A customer at Stripe, spoken to directly: the checker of its traffic knows no tax ids."""
    adapter = StripeProvider(Config(secret_key=KEY, api_base=stripe.url))
    monkeypatch.setattr(registry, "get", lambda name: adapter)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    organization.stripe_customer_id = stripe.post("customers", name="?")["id"]
    organization.save()
    return organization


def _there(stripe, organization):
    place = f"customers/{organization.stripe_customer_id}"
    found = stripe.get(place)
    tax_ids = [row["value"] for row in stripe.get(f"{place}/tax_ids")["data"]]
    return found["name"], found["email"], (found["address"] or {}).get("city"), tax_ids


def test_a_customer_is_told_of_once_and_again_after_each_change(known, stripe, owner):
    assert telling.tell_changed(now=NOW) == 1
    assert telling.tell_changed(now=NOW) == 0
    assert _there(stripe, known)[0] == "Acme Dental"
    details.change(known, ACME, email="bills@acme.example", actor=owner, now=NOW)
    assert telling.tell_changed(now=NOW) == 1
    assert _there(stripe, known) == (
        "Acme GmbH",
        "bills@acme.example",
        "Berlin",
        ["DE123456789"],
    )
    other = replace(ACME, tax_id="DE999999999")
    details.change(known, other, actor=owner, now=NOW + timedelta(minutes=1))
    assert telling.tell_changed(now=NOW) == 1
    assert _there(stripe, known)[3] == ["DE999999999"]
    none = replace(ACME, tax_id_type="", tax_id="")
    details.change(known, none, actor=owner, now=NOW + timedelta(minutes=2))
    assert telling.tell_changed(now=NOW) == 1
    assert _there(stripe, known)[3] == []
    assert telling.tell_changed(now=NOW) == 0


@pytest.mark.parametrize("fault", ["500", "lost_answer", "no_answer"])
def test_what_was_not_heard_is_told_again_later(known, stripe, owner, fault):
    details.change(known, ACME, actor=owner, now=NOW)
    stripe.control("faults", kind=fault, times="3", method="POST", path="/v1/customers/*")
    assert telling.tell_changed(now=NOW) == 0
    assert ToldCustomer.objects.get().error
    assert telling.tell_changed(now=NOW + timedelta(minutes=1)) == 0
    assert telling.tell_changed(now=NOW + timedelta(minutes=16)) == 1
    assert ToldCustomer.objects.get().error == ""
    assert _there(stripe, known)[3] == ["DE123456789"]


def test_what_is_refused_waits_for_another_change(known, stripe, owner):
    known.stripe_customer_id = "cus_ghost"
    known.save()
    assert telling.tell_changed(now=NOW) == 0
    assert telling.tell_changed(now=NOW + timedelta(days=1)) == 0
    assert "cus_ghost" in ToldCustomer.objects.get().error
    details.change(known, ACME, actor=owner, now=NOW)
    assert list(telling.changed(now=NOW)) == [known]
