"""Support reads and replays, and sees no amount of money on any page of the staff site.

The pages come from the resolver and the registered models, so one that is written tomorrow is
walked tomorrow. The data holds amounts that occur nowhere else.
"""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from adminpanel.urls import urlpatterns
from billing import catalogue_loading, exchange
from billing.models import (
    MinuteBundle,
    Payment,
    Plan,
    Purchase,
    Refund,
    Subscription,
    TopUp,
)
from metering.balances import adjustments, enforcing
from metering.models import Call
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

# 4131.17, also as 4,131.17 or 4131.170000, or in minor units.
SECRET = Decimal("4131.17")
AMOUNT = re.compile(r"4,?131\.?17")


@pytest.fixture
def rich(organization):
    """An organization all of whose amounts are the one amount."""
    now = timezone.now()
    catalogue_loading.load(now=now - timedelta(days=1))
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price=str(SECRET)
    )
    story = begin(now, card, organization=organization, wallet=str(2 * SECRET))
    adjustments.adjust(
        "wallet",
        -SECRET,
        organization=organization,
        reason="too much",
        actor=organization.owner,
        now=now,
    )
    enforcing.switch(organization, "shadow", reason="trial", actor="a test", now=now)
    story.report(story.admitted(), 60, cost=str(SECRET), with_message=True)
    exchange.enter(base="USD", quote="EUR", rate=SECRET, actor="a test", now=now)
    audit.record(
        organization=organization,
        actor="a test",
        action="purchase.refunded",
        detail={"amount": SECRET},
        now=now,
    )
    _bought(organization, now)
    return story


def _bought(organization, now) -> None:
    common = {
        "organization": organization,
        "provider": "stripe",
        "currency": "USD",
        "created_at": now,
    }
    plan = Plan.objects.get(code="cutoff")
    Plan.objects.filter(pk=plan.pk).update(price_monthly=SECRET)
    subscription = Subscription.objects.create(
        plan=plan,
        rate_card=plan.rate_card,
        price=SECRET,
        billing_period="monthly",
        provider_subscription_id="sub",
        status="active",
        **common,
    )
    Purchase.objects.create(
        bundle=MinuteBundle.objects.first(),
        minutes=50,
        base_minute_cost=SECRET,
        markup_percent=1,
        price=SECRET,
        **common,
    )
    TopUp.objects.create(amount=SECRET, **common)
    payment = Payment.objects.create(
        subscription=subscription,
        provider_payment_id="in_1",
        amount=SECRET,
        paid_at=now,
        **common,
    )
    Refund.objects.create(
        payment=payment, amount=SECRET, provider_id="re_1", updated_at=now, **common
    )


def places(story) -> list[str]:
    """Every page of the staff site that can be read."""
    kwargs = {
        "organization_id": story.owner.pk,
        "call_id": Call.objects.get().pk,
        "code": "cutoff",
        "key": "top_up_minimum",
    }
    found = [reverse("admin:index")]
    for pattern in urlpatterns:
        names = pattern.pattern.converters
        if set(names) <= set(kwargs):
            wanted = {name: kwargs[name] for name in names}
            found.append(reverse(f"adminpanel:{pattern.name}", kwargs=wanted))
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        for row in model._default_manager.all()[:3]:
            found.append(reverse(f"{name}_change", args=[row.pk]))
    return found


def showing(browser, story) -> list[str]:
    cache.clear()
    return [
        place
        for place in places(story)
        if AMOUNT.search(browser.get(place).content.decode(errors="replace"))
    ]


def test_no_page_shows_support_an_amount(rich, staff, client_of):
    staff.groups.set([Group.objects.get(name="support")])
    assert showing(client_of(staff), rich) == []


def test_the_amount_would_be_seen(rich, staff, client_of):
    """The walk finds it on many pages for who may see money."""
    staff.groups.set([Group.objects.get(name="finance")])
    assert len(showing(client_of(staff), rich)) > 20
