"""Staff look at an organization's pages as themselves: they read, and change nothing."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts import viewing
from accounts.models import AuditEntry, Membership
from tests.factories import metering as make
from tests.pages.resolver import endpoints
from tests.pages.samples import SAMPLES, Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def customer(organization):
    make.make_balances(organization=organization, now=timezone.now())
    return organization


@pytest.fixture
def look(customer, in_group, client_of):
    """A browser of staff who look at the customer."""

    def begin(group: str = "admin"):
        browser = client_of(in_group(group))
        place = reverse("adminpanel:organization-view-as", args=[customer.pk])
        reply = browser.post(place, {"reason": "they called about a bill"})
        assert reply.url == f"/dashboard?organization={customer.slug}"
        return browser

    return begin


def trail(organization) -> list[str]:
    rows = AuditEntry.objects.filter(organization=organization, actor__is_staff=True)
    return list(rows.order_by("id").values_list("action", flat=True))


def test_pages_open_to_read_with_a_banner_and_their_own_name(customer, look, staff):
    browser = look()

    for name in ("dashboard", "calls", "usage", "billing", "team", "settings"):
        reply = browser.get(reverse(f"website:{name}"), {"organization": customer.slug})
        assert reply.status_code == 200, name
        page = reply.content.decode()
        assert "You look at Acme Dental as staff" in page
        assert staff.email in page
    told = browser.get("/api/usage", {"organization": customer.slug})
    assert told.json()["organization"] == customer.slug
    assert not Membership.objects.filter(user=staff).exists()
    entry = AuditEntry.objects.get(action="organization.viewed")
    assert (entry.actor, entry.organization) == (staff, customer)
    assert entry.detail == {"reason": "they called about a bill"}


def test_nothing_on_any_url_can_be_changed(customer, other_organization, staff, look):
    browser = look()
    cast = Cast(customer, other_organization, {})
    ways_out = set(viewing.WAYS_OUT)
    let_through = []
    asked = 0
    for endpoint in endpoints():
        sample = SAMPLES.get(endpoint.name)
        kwargs = (sample.own(cast) if sample.own else sample.missing) if sample else {}
        if endpoint.name in ways_out or set(endpoint.parameters) - set(kwargs):
            continue
        if endpoint.name == endpoint.route:
            continue
        place = reverse(endpoint.name, kwargs=kwargs)
        for method in ("POST", "DELETE") if endpoint.is_api else ("POST",):
            asked += 1
            status = browser.generic(method, f"{place}?organization={customer.slug}")
            if status.status_code != 403:
                let_through.append(f"{method} {place}: {status.status_code}")
    assert asked > 100
    assert not let_through
    refused = browser.post("/api/usage/events", {}, content_type="application/json")
    assert "only looking" in refused.json()["error"]["message"]
    tries = AuditEntry.objects.filter(action="organization.change_refused")
    assert tries.count() == asked + 1
    assert tries.latest("id").detail == {"method": "POST", "path": "/api/usage/events"}
    page = browser.post(reverse("website:team"), {}).content.decode()
    assert "End the look" in page


def test_another_organization_stays_closed(customer, other_organization, look):
    reply = look().get("/dashboard", {"organization": other_organization.slug})

    assert reply.status_code == 404


def test_button_ends_it(customer, look):
    browser = look()

    reply = browser.post(reverse("adminpanel:view-as-end"))

    assert reply.url == reverse("adminpanel:organization", args=[customer.pk])
    gone = browser.get("/dashboard", {"organization": customer.slug})
    assert gone.status_code == 404
    assert trail(customer) == ["organization.viewed", "organization.view_ended"]
    assert browser.post(reverse("adminpanel:view-as-end")).url == reverse("admin:index")


def test_time_ends_it(customer, look, monkeypatch):
    browser = look()
    later = timezone.now() + viewing.LASTS + timedelta(seconds=1)
    session = browser.session
    session[viewing.SESSION_KEY] |= {"until": (later - viewing.LASTS * 2).isoformat()}
    session.save()

    reply = browser.get("/dashboard", {"organization": customer.slug})

    assert reply.status_code == 404
    ended = AuditEntry.objects.get(action="organization.view_ended")
    assert ended.detail == {"by": "time"}


def test_right_that_was_taken_away_ends_it(customer, look, staff):
    browser = look()
    staff.groups.clear()

    reply = browser.get("/dashboard", {"organization": customer.slug})

    assert reply.status_code == 404
    ended = AuditEntry.objects.get(action="organization.view_ended")
    assert ended.detail == {"by": "lack of the right"}


def test_signing_out_works_during_it(customer, look):
    browser = look()

    browser.post(reverse("account_logout"))

    assert "_auth_user_id" not in browser.session
    assert viewing.SESSION_KEY not in browser.session


def test_support_sees_no_bills(customer, look):
    browser = look("support")
    asked = {"organization": customer.slug}

    assert browser.get(reverse("website:dashboard"), asked).status_code == 200
    assert browser.get(reverse("website:billing"), asked).status_code == 403
    assert browser.get("/api/billing/status", asked).status_code == 403


def test_it_needs_a_reason_and_the_right(customer, in_group, client_of, owner):
    place = reverse("adminpanel:organization-view-as", args=[customer.pk])
    browser = client_of(in_group("admin"))

    browser.post(place, {"reason": " "})
    assert viewing.SESSION_KEY not in browser.session
    assert client_of(owner).post(place, {"reason": "I am curious"}).status_code == 302
    half = client_of(in_group("admin"), second_factor=False)
    assert half.post(place, {"reason": "I am curious"}).status_code == 302
    assert viewing.SESSION_KEY not in half.session
    assert not AuditEntry.objects.filter(action="organization.viewed").exists()
