"""An invoice of ours that is not paid in time stops calls, whatever it asks for and whatever
stands beside it; its payment restores what else holds."""

from datetime import timedelta

import pytest

from billing.invoices import dunning, issuing, settling
from billing.letters import payments as letters
from billing.models import Document, Letter, OverageDelivery
from billing.overage import deciding, ending
from metering.balances import adjustments
from metering.calls import gate
from metering.models import Allowance
from servicebilling.lib.ids import new_id
from tests.factories import metering as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(using):
    """Somebody who left, whose last minutes no invoice has."""
    using.stripe.delete(f"subscriptions/{using.at_stripe['id']}")
    using.hear()
    using.wait(hours=3)
    ending.settle_ended(now=using.now)
    return using


@pytest.fixture
def owing(ended, staff):
    """They are asked for apart; and there are minutes that were bought once."""
    _ask_apart(ended, staff)
    adjustments.adjust(
        "credit_minutes",
        50,
        organization=ended.organization,
        reason="bought",
        actor=staff,
        now=ended.now,
        adjustment_id=new_id(),
    )
    return ended


def _ask_apart(paying, staff) -> None:
    row = OverageDelivery.objects.get()
    deciding.ask_apart(row.pk, reason="they left", actor=staff, now=paying.now)
    issuing.issue_due(now=paying.now)


def _standing(paying) -> str:
    return Allowance.objects.get(organization=paying.organization).standing


def _rule(paying, *, days: int) -> str:
    at = paying.now + timedelta(days=days)
    number = make.make_number(organization=paying.organization, valid_from=at)
    return gate.admit(make.make_request(make.call_ref(number), at=at), now=at).rule


def _due(paying, *, days: int = 15):
    return paying.now + timedelta(days=days)


def test_overage_asked_for_apart_stops_calls_when_it_is_overdue(owing, staff):
    assert _rule(owing, days=13) == "ok"
    assert dunning.push_overdue(now=_due(owing, days=13)) == 0
    assert dunning.push_overdue(now=_due(owing)) == 1
    assert dunning.push_overdue(now=_due(owing)) == 0
    assert (_standing(owing), _rule(owing, days=15)) == ("past_due", "past_due")
    letters.write_overdue(now=_due(owing))
    [letter] = Letter.objects.filter(kind="payment_failed")
    document = Document.objects.latest("issued_at")
    assert document.number in str(letter.words)
    settling.mark_paid(document, reason="bank", actor=staff, now=_due(owing))
    assert (_standing(owing), _rule(owing, days=15)) == ("no_plan", "ok")


def test_a_card_that_is_refused_makes_it_overdue_too(ended, staff):
    """What is charged to a card has no due day at the provider."""
    customer_id = ended.organization.stripe_customer_id
    [card] = ended.stripe.get(f"customers/{customer_id}/payment_methods")["data"]
    ended.stripe.post(f"payment_methods/{card['id']}/detach")
    card = ended.stripe.post(
        "payment_methods/pm_card_chargeCustomerFail/attach", customer=customer_id
    )
    ended.stripe.post(
        f"customers/{customer_id}",
        **{"invoice_settings[default_payment_method]": card["id"]},
    )
    _ask_apart(ended, staff)
    ended.hear()
    document = Document.objects.latest("issued_at")
    at_stripe = ended.stripe.get(f"invoices/{document.provider_document_id}")
    assert (at_stripe["due_date"], at_stripe["attempted"]) == (None, True)
    assert (document.state, dunning.push_overdue(now=_due(ended))) == ("open", 1)


def test_a_subscription_beside_it_lets_no_calls_through_until_it_is_paid(owing, staff):
    owing.wait(days=15)
    dunning.push_overdue(now=owing.now)
    subscription = owing.subscribe("starter")
    assert (subscription.status, _standing(owing)) == ("active", "past_due")
    document = Document.objects.get(overage__isnull=False)
    settling.mark_paid(document, reason="bank", actor=staff, now=owing.now)
    assert _standing(owing) == "good"
