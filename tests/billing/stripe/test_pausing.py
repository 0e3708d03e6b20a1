"""A subscription that is paused at Stripe serves nobody until it goes on."""

import pytest

from metering.calls import gate, settle
from metering.models import Allowance
from tests.billing.stripe.customers import Paying
from tests.factories import metering as make

pytestmark = pytest.mark.django_db


def _rule(paying: Paying, number) -> str:
    """What a call is told that rings now, and is hung up at once."""
    now, ref = paying.now, make.call_ref(number)
    rule = gate.admit(make.make_request(ref, at=now), now=now).rule
    settle.settle([make.make_report(ref, started_at=now, seconds=0)], now=now)
    return rule


def _standing(paying: Paying) -> str:
    return Allowance.objects.get(organization=paying.organization).standing


def test_calls_are_refused_while_it_is_paused_and_admitted_when_it_goes_on(paying) -> None:
    number = make.make_number(organization=paying.organization, valid_from=paying.now)
    period = paying.subscribe("starter").period_ends_at
    assert _rule(paying, number) == "ok"
    path = f"subscriptions/{paying.at_stripe['id']}"

    paying.stripe.post(f"{path}/pause", type="subscription")
    paying.hear()
    assert (paying.subscription.status, _standing(paying)) == ("paused", "past_due")
    assert _rule(paying, number) == "past_due"

    paying.wait(days=1)
    paying.stripe.post(f"{path}/resume", **{"billing_cycle_anchor[type]": "unchanged"})
    paying.hear()
    assert (paying.subscription.status, _standing(paying)) == ("active", "good")
    assert paying.subscription.period_ends_at == period
    assert Allowance.objects.get(organization=paying.organization).plan_minutes == 500
    assert _rule(paying, number) == "ok"


def test_news_of_a_pause_that_is_over_is_not_believed(paying) -> None:
    """Both messages come late and the wrong way round; Stripe is asked how it stands now."""
    paying.subscribe("starter")
    path = f"subscriptions/{paying.at_stripe['id']}"
    paying.stripe.post(f"{path}/pause", type="subscription")
    paying.stripe.post(f"{path}/resume", **{"billing_cycle_anchor[type]": "unchanged"})
    paying.hear()
    assert (paying.subscription.status, _standing(paying)) == ("active", "good")
