"""What an organization sees of itself, and that nobody else does."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import organizations
from accounts.models import Membership
from metering.balances import cycles, ledger
from metering.models import Allowance, DailyUsage
from tests.factories import accounts
from tests.factories import metering as make
from tests.pages import stories

pytestmark = pytest.mark.django_db

PAGES = ["/dashboard", "/dashboard/live"]
QUERIES_MAX = 12
# Besides the session and who it is.
QUERIES_OF_THE_PAGE_MAX = 6


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def number(organization, now):
    """The organization has 100 minutes, a number, and an agent who answers it."""
    make.make_balances(
        now=now - timedelta(days=3),
        organization=organization,
        card=make.make_card(included_minutes=100, slice_minutes=3, call_minutes_max=14),
    )
    return stories.number_of(organization, now=now)


def seen(response) -> str:
    """The text of a page as it reads, each run of white space one space."""
    assert response.status_code == 200
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", response.content.decode())
    return " ".join(text.replace("&nbsp;", " ").split())


def test_the_day_minutes_end_is_shown_with_how_it_was_worked_out(
    client_of, owner, organization, now
):
    # Bought minutes are not renewed, so the day does not depend on the month's.
    make.make_balances(
        now=now, organization=organization, card=make.make_card(included_minutes=0)
    )
    ledger.add_credit_minutes(
        organization_id=organization.pk,
        minutes=101,
        kind="purchase",
        reference="test:1",
        now=now,
    )
    stories.talk(stories.number_of(organization, now=now), at=now, seconds=60)
    DailyUsage.objects.bulk_create(
        DailyUsage(
            organization=organization,
            day=now.date() - timedelta(days=day),
            meter="voice_minute",
            count=5,
            quantity=12,
        )
        for day in range(1, 29)
    )

    page = seen(client_of(owner).get("/dashboard"))

    assert "Lasts until about" in page
    assert "Each day counts the average of the same weekday over the last 28 days" in page
    assert "Mon 12.0, Tue 12.0" in page
    assert "added up from now until 100 are used" in page


@pytest.mark.parametrize("role", ["owner", "admin", "accountant", "member"])
@pytest.mark.parametrize("url", PAGES)
def test_everyone_of_the_organization_sees_its_minutes(
    request, client_of, number, role, url, now
):
    stories.talk(number, at=now - timedelta(hours=1), seconds=145)
    person = request.getfixturevalue(role)

    page = seen(client_of(person).get(url))

    assert "97 minutes remaining" in page
    assert "3 of 100 used, 3 %" in page
    assert "Calls are getting through" in page


def test_call_reads_as_a_sentence_of_figures(client_of, owner, number, now):
    stories.talk(number, at=now - timedelta(hours=1), seconds=145)

    page = seen(client_of(owner).get("/dashboard"))

    assert f"{number.agent.name} +1 ••• 100 → to {number.e164} 2:25 3 min" in page.replace(
        "\xa0", " "
    ).replace("+15550100", "+1 ••• 100")
    assert "Included Completed" in page


def test_callers_number_is_never_shown_in_full(client_of, owner, number, now):
    stories.talk(number, at=now, seconds=30, call_from="+4915123456789")
    stories.talk(
        number,
        at=now,
        seconds=30,
        direction="outbound",
        call_from=number.e164,
        call_to="+4915198765432",
    )

    for url in PAGES:
        page = client_of(owner).get(url).content.decode()
        assert "+4915123456789" not in page
        assert "+4915198765432" not in page
        assert number.e164 in page


def test_price_is_shown_and_the_providers_cost_is_not(client_of, owner, organization, now):
    card = make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="0.10")
    make.make_balances(
        now=now - timedelta(days=3), organization=organization, card=card, wallet="20"
    )
    number = stories.number_of(organization, now=now)
    stories.talk(number, at=now, seconds=120)

    page = client_of(owner).get("/dashboard").content.decode()

    assert "$0.20" in page
    assert "6.54" not in page


def test_refused_call_says_why(client_of, owner, organization, number, now):
    organizations.set_status(
        organization, status="suspended", reason="test", actor="test", now=now
    )
    stories.ring(number, at=now)

    page = seen(client_of(owner).get("/dashboard"))

    assert "Refused: suspended" in page
    assert "This organization is suspended" in page


def test_running_calls_hold_minutes(client_of, owner, number, now):
    stories.ring(number, at=now)

    page = seen(client_of(owner).get("/dashboard"))

    assert "Held 14 min by 1 call in progress" in page
    assert "In progress" in page
    assert "1 call is running now" in page


def test_unanswered_call_bills_nothing(client_of, owner, number, now):
    stories.talk(number, at=now, seconds=None)

    page = seen(client_of(owner).get("/dashboard"))

    assert "0 min – None Not answered" in page
    assert "100 minutes remaining" in page


@pytest.mark.parametrize(
    ("role", "whom"),
    [
        ("owner", "/dashboard/billing?organization=acme-dental#payment"),
        ("accountant", "mailto:owner@example.com?subject="),
        ("member", "mailto:owner@example.com?subject="),
    ],
)
def test_way_out_leads_to_whoever_can_help(
    request, client_of, organization, number, role, whom, now
):
    cycles.set_standing(organization_id=organization.id, standing="past_due", now=now)

    page = client_of(request.getfixturevalue(role)).get("/dashboard").content.decode()

    assert "A payment is overdue" in page
    assert whom in page


def test_new_organization_is_told_what_to_do(client_of, owner, organization, now):
    make.make_balances(
        now=now,
        organization=organization,
        card=make.make_card(included_minutes=0),
        standing=Allowance.Standing.NO_PLAN,
    )

    page = seen(client_of(owner).get("/dashboard"))

    assert "No plan and no minutes yet" in page
    assert "Have your phone number connected" in page
    assert "/api/webhooks/vapi" in page
    assert "Recent calls" not in page


def test_mapped_number_is_ticked_off(client_of, owner, number):
    page = seen(client_of(owner).get("/dashboard"))

    assert "1 number and 1 agent belong to you here" in page


def test_times_are_in_the_organizations_zone_and_name_it(client_of, owner, now):
    organization = accounts.make_organization(
        name="Far East", owner=owner, timezone="Asia/Tokyo"
    )
    make.make_balances(now=now - timedelta(days=3), organization=organization)
    number = stories.number_of(organization, now=now)
    at = now.replace(hour=0, minute=17) - timedelta(hours=3)
    stories.talk(number, at=at, seconds=60)

    page = client_of(owner).get("/dashboard").content.decode()

    assert "Times in Asia/Tokyo (JST)" in page
    # Nine hours ahead of 21:17 UTC.
    assert ", 06:17</time>" in page


def test_organizations_are_switched_by_links_that_name_them(client_of, owner, number, now):
    second = accounts.make_organization(name="Second Home", owner=owner)
    make.make_balances(
        now=now, organization=second, card=make.make_card(included_minutes=7)
    )
    browser = client_of(owner)

    first_page = browser.get("/dashboard").content.decode()
    assert "/dashboard?organization=acme-dental" in first_page
    assert "/dashboard?organization=second-home" in first_page

    switched = browser.get("/dashboard?organization=second-home")
    assert "7 minutes remaining" in seen(switched)
    assert "7 minutes remaining" in seen(browser.get("/dashboard"))


@pytest.mark.parametrize("url", PAGES)
def test_nobody_else_sees_anything(
    client_of, stranger, other_organization, number, url, now
):
    make.make_balances(now=now, organization=other_organization)
    stories.talk(number, at=now, seconds=60)
    browser = client_of(stranger)

    own = browser.get(url).content.decode()
    assert "Acme" not in own
    assert number.e164 not in own
    assert browser.get(f"{url}?organization=acme-dental").status_code == 404


@pytest.mark.parametrize("url", PAGES)
def test_who_belongs_to_none_is_sent_to_name_one(client_of, stranger, url):
    response = client_of(stranger).get(url)

    assert (response.status_code, response.url) == (302, "/organizations/new")


@pytest.mark.parametrize("url", PAGES)
def test_page_costs_few_queries_however_many_calls(client_of, owner, number, url, now):
    browser = client_of(owner)
    for minute in range(12):
        stories.talk(number, at=now - timedelta(minutes=30 + minute), seconds=30)
    browser.get(url)

    with CaptureQueriesContext(connection) as asked:
        page = seen(browser.get(url))

    about_who = [
        q for q in asked if re.search(r'FROM "(django_session|accounts_user)"', q["sql"])
    ]
    assert len(asked) <= QUERIES_MAX
    assert len(asked) - len(about_who) <= QUERIES_OF_THE_PAGE_MAX
    assert page.count("Completed") == 10


def test_first_page_of_all_costs_few_queries(client_of, owner, organization, now):
    make.make_balances(now=now, organization=organization)
    browser = client_of(owner)
    browser.get("/dashboard")

    with CaptureQueriesContext(connection) as asked:
        browser.get("/dashboard")

    assert len(asked) <= QUERIES_OF_THE_PAGE_MAX + 2


def test_watching_does_not_keep_the_session_alive(client_of, owner, number, now):
    """Two tabs of two organizations take turns; neither renews the session or turns the
    other's page into its own."""
    second = accounts.make_organization(name="Second Home", owner=owner)
    make.make_balances(now=now, organization=second)
    browser = client_of(owner)
    browser.get("/dashboard?organization=acme-dental")
    before = Session.objects.get()

    for slug in ("second-home", "acme-dental", "second-home"):
        response = browser.get(f"/dashboard/live?organization={slug}")
        assert response.status_code == 200
        assert not response.cookies

    after = Session.objects.get()
    assert after.expire_date == before.expire_date
    assert after.session_data == before.session_data


def test_live_parts_are_those_of_the_page(client_of, owner, number, now):
    stories.talk(number, at=now, seconds=60)
    browser = client_of(owner)

    def parts(url: str) -> list[str]:
        return re.findall(r'data-part="(\w+)"', browser.get(url).content.decode())

    assert parts("/dashboard/live") == parts("/dashboard") != []


@pytest.mark.parametrize("url", PAGES)
def test_figures_are_kept_by_no_cache(client_of, owner, number, url):
    assert "no-store" in client_of(owner).get(url)["Cache-Control"]


def test_closed_organization_can_still_be_read(client_of, owner, organization, number, now):
    organizations.close(organization, actor=owner, now=now)

    assert "This organization is closed" in seen(client_of(owner).get("/dashboard"))


def test_leaving_shuts_the_page(client_of, member, number):
    browser = client_of(member)
    assert browser.get("/dashboard?organization=acme-dental").status_code == 200

    Membership.objects.filter(user=member).delete()

    assert browser.get("/dashboard?organization=acme-dental").status_code == 404


def test_without_balances_the_page_says_so(client_of, owner, organization):
    page = seen(client_of(owner).get("/dashboard"))

    assert "Acme Dental has no balances yet" in page


def test_thanks_for_a_payment_are_said_once(client_of, owner, number):
    browser = client_of(owner)

    sent_on = browser.get("/dashboard?organization=acme-dental&payment=success")
    assert sent_on.url == "/dashboard?organization=acme-dental"
    assert "as soon as the payment is confirmed" in seen(browser.get(sent_on.url))
    assert "as soon as the payment is confirmed" not in seen(browser.get(sent_on.url))
