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
from billing import catalogue_loading, discrepancies, exchange, provider_runs
from billing.letters import writing
from billing.letters.wording import Words
from billing.models import (
    Discrepancy,
    Document,
    Letter,
    MinuteBundle,
    Payment,
    Plan,
    ProviderRun,
    Purchase,
    Refund,
    Subscription,
    TopUp,
)
from metering.balances import adjustments, enforcing
from metering.models import BookCheck, Call, Decision, InboundMessage
from servicebilling.lib import money
from tests.factories import metering as make
from tests.metering.story import begin
from tests.pages.resolver import endpoints
from tests.pages.samples import SAMPLES, Cast

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
    Document.objects.create(
        kind="receipt",
        state="paid",
        provider_document_id="in_1",
        subtotal=SECRET,
        total=SECRET,
        issued_at=now,
        **common,
    )
    with provider_runs.compared("payments", provider="stripe", now=now) as tally:
        tally.note(
            discrepancies.open_one(
                kind="paid_not_credited",
                provider="stripe",
                subject="in_9",
                ours=f"USD {SECRET}",
                organization_id=organization.pk,
                now=now,
            ).pk
        )
    paid = money.shown(SECRET, "USD")
    figures = (("Paid", paid),)
    said = Words("Your receipt", f"{paid} was paid", (f"You paid {paid}.",), figures)
    writing.write(
        "receipt",
        said,
        organization=organization,
        about="in_1",
        now=now,
        address="owner@example.com",
    )


def ids(story) -> dict[str, object]:
    """The rows that pages are about; each varying part of the staff site must be named."""
    return {
        "organization_id": story.owner.pk,
        "call_id": Call.objects.get().pk,
        "code": "cutoff",
        "key": "top_up_minimum",
        "payment_id": Payment.objects.get().pk,
        "document_id": Document.objects.get().pk,
        "difference_id": Discrepancy.objects.get().pk,
        "run_id": ProviderRun.objects.get().pk,
        "letter_id": Letter.objects.get().pk,
        "decision_id": Decision.objects.latest("id").pk,
        "message_id": InboundMessage.objects.latest("id").pk,
        "bundle_id": MinuteBundle.objects.first().pk,
        "row_id": 0,
        "check_id": BookCheck.objects.get_or_create(started_at=timezone.now())[0].pk,
    }


def places(story) -> list[str]:
    """Every page of the staff site that can be read."""
    kwargs = ids(story)
    found = [reverse("admin:index")]
    for pattern in urlpatterns:
        names = pattern.pattern.converters
        wanted = {name: kwargs[name] for name in names}
        found.append(reverse(f"adminpanel:{pattern.name}", kwargs=wanted))
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        for row in model._default_manager.all()[:1]:
            found.append(reverse(f"{name}_change", args=[row.pk]))
    return found


def pages_of(story) -> list[str]:
    """Every page, file and API of the customer that staff may look at."""
    cast = Cast(story.owner, story.owner, {})
    charged = Call.objects.get().pk
    found = []
    for endpoint in endpoints():
        sample = SAMPLES.get(endpoint.name)
        own = sample.own(cast) if sample and sample.own else {}
        if "call_id" in own:
            own |= {"call_id": charged}
        is_of_staff = endpoint.is_staff_site or endpoint.is_staff_api
        if is_of_staff or set(endpoint.parameters) - set(own):
            continue
        if endpoint.name != endpoint.route:
            slug = story.owner.slug
            found.append(f"{reverse(endpoint.name, kwargs=own)}?organization={slug}")
    # The chart of amounts, which has an axis of them.
    found.append(f"{reverse('website:usage')}?organization={story.owner.slug}&by=charged")
    return found


def look(browser, story) -> None:
    place = reverse("adminpanel:organization-view-as", args=[story.owner.pk])
    assert browser.post(place, {"reason": "they called"}).status_code == 302


def naming_amounts(browser, places: list[str]) -> list[str]:
    cache.clear()
    found = []
    for place in places:
        reply = browser.get(place)
        body = reply.getvalue() if reply.streaming else reply.content
        if AMOUNT.search(body.decode(errors="replace")):
            found.append(place)
    return found


def showing(browser, story) -> list[str]:
    return naming_amounts(browser, places(story))


def test_no_page_shows_support_an_amount(rich, staff, client_of):
    staff.groups.set([Group.objects.get(name="support")])
    assert showing(client_of(staff), rich) == []


def test_the_amount_would_be_seen(rich, staff, client_of):
    """The walk finds it on many pages for who may see money."""
    staff.groups.set([Group.objects.get(name="finance")])
    assert len(showing(client_of(staff), rich)) > 20


def test_no_page_of_a_customer_names_support_an_amount(rich, staff, client_of):
    staff.groups.set([Group.objects.get(name="support")])
    browser = client_of(staff)
    look(browser, rich)

    assert naming_amounts(browser, pages_of(rich)) == []
    dashboard = browser.get("/dashboard", {"organization": rich.owner.slug})
    assert "hidden" in dashboard.content.decode()
    told = browser.get("/api/usage", {"organization": rich.owner.slug})
    assert (told.status_code, told.json()["error"]["code"]) == (403, "only_looking")


def test_who_may_see_money_sees_it_on_many_pages_of_a_customer(rich, staff, client_of):
    staff.groups.set([Group.objects.get(name="finance")])
    browser = client_of(staff)
    look(browser, rich)

    assert len(naming_amounts(browser, pages_of(rich))) > 6
