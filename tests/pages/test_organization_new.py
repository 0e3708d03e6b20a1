"""Naming an organization after sign-up."""

import re
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Membership, Organization
from billing import catalogue_loading
from metering.models import Allowance, RateCard, Wallet
from tests.factories import accounts

pytestmark = pytest.mark.django_db

URL = "/organizations/new"


@pytest.fixture
def catalogue(db) -> None:
    catalogue_loading.load(now=timezone.now())


def answers(**changes: str) -> dict[str, str]:
    return {"name": "New Dentist", "timezone": "Europe/Berlin", "currency": "EUR"} | changes


def test_new_organization_has_empty_balances_on_terms_that_cut_off(
    client_of, stranger, catalogue
):
    response = client_of(stranger).post(URL, answers())

    organization = Organization.objects.get()
    allowance = Allowance.objects.select_related("rate_card").get(organization=organization)
    assert (response.status_code, response.url) == (
        302,
        "/dashboard?organization=new-dentist",
    )
    assert (organization.timezone, organization.currency) == ("Europe/Berlin", "EUR")
    assert (allowance.plan_minutes, allowance.standing) == (0, "no_plan")
    assert (allowance.rate_card.when_exhausted, allowance.rate_card.currency) == (
        "cut_off",
        "EUR",
    )
    assert Wallet.objects.get(organization=organization).currency == "EUR"
    assert Membership.objects.get().role == "owner"


def test_the_way_from_nothing_to_a_dashboard(client_of, stranger, catalogue):
    browser = client_of(stranger)

    first = browser.get("/dashboard", follow=True)
    assert "Name your organization" in first.content.decode()
    made = browser.post(URL, answers(), follow=True)
    assert made.status_code == 200
    assert "Have your phone number connected" in made.content.decode()


@pytest.mark.parametrize(
    ("wanted", "currency", "leads_to"),
    [
        (
            "growth.yearly.EUR",
            "EUR",
            "/pricing?organization=new-dentist&period=yearly&currency=EUR#plan-growth",
        ),
        ("growth.yearly.EUR", "USD", "/dashboard?organization=new-dentist"),
        ("//evil.example", "EUR", "/dashboard?organization=new-dentist"),
    ],
)
def test_the_plan_chosen_before_signing_up_is_not_forgotten(
    client, catalogue, mailoutbox, wanted, currency, leads_to
):
    page = client.get("/accounts/signup/", {"wanted": wanted}).content.decode()
    assert f'name="wanted" value="{wanted}"' in page
    client.post(
        "/accounts/signup/",
        {
            "email": "new@example.com",
            "password1": "a long enough passphrase",
            "wanted": wanted,
        },
    )
    link = re.search(r"http://localhost:8000(/accounts/\S+)", mailoutbox[-1].body)[1]
    client.post(link)
    form = client.get(URL).content.decode()
    assert ('<option value="EUR" selected>' in form) == ("growth" in wanted)

    assert client.post(URL, answers(currency=currency)).url == leads_to
    # Another organization has nothing to do with it.
    second = client.post(URL, answers(name="Second", currency="EUR"))
    assert second.url == "/dashboard?organization=second"


def test_name_of_the_sign_up_is_offered(client_of, stranger, catalogue):
    stranger.organization_wanted = "Wanted & Co"
    stranger.save()

    assert 'value="Wanted &amp; Co"' in client_of(stranger).get(URL).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": " \t "},
        {"name": "bell\x07bell"},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../etc/passwd"},
        {"currency": "XXX"},
        {"currency": ""},
    ],
)
def test_what_cannot_be_is_refused_in_words(client_of, stranger, catalogue, wrong):
    response = client_of(stranger).post(URL, answers(**wrong))

    assert response.status_code == 200
    assert 'class="field-errors"' in response.content.decode()
    assert not Organization.objects.exists()


def test_offered_time_zones_exist(client_of, stranger, catalogue):
    form = client_of(stranger).get(URL).context["form"]
    offered = [name for _, names in form.fields["timezone"].choices for name, _ in names]

    assert "UTC" in offered
    assert "America/Argentina/Buenos_Aires" in offered
    assert all(ZoneInfo(name) for name in offered)


def test_newest_terms_without_a_plan_are_offered_once_per_currency(
    client_of, stranger, catalogue
):
    newer = RateCard.objects.create(
        code="none-2", when_exhausted="cut_off", currency="USD", calls_at_once_max=1
    )
    RateCard.objects.create(code="nonetheless", when_exhausted="cut_off", currency="CHF")

    form = client_of(stranger).get(URL).context["form"]
    assert [code for code, _ in form.fields["currency"].choices] == ["USD", "EUR", "NGN"]
    client_of(stranger).post(URL, answers(currency="USD"))
    assert Allowance.objects.get().rate_card == newer


def test_without_a_catalogue_the_page_says_so(client_of, stranger):
    response = client_of(stranger).get(URL)

    assert response.status_code == 200
    assert "No plan catalogue is loaded yet" in response.content.decode()
    assert client_of(stranger).post(URL, answers()).status_code == 200
    assert not Organization.objects.exists()


def test_second_organization_is_welcome(client_of, owner, organization, catalogue):
    page = client_of(owner).get(URL).content.decode()
    assert "<h1>New organization</h1>" in page

    client_of(owner).post(URL, answers(name=organization.name))

    slugs = Organization.objects.values_list("slug", flat=True)
    assert sorted(slugs) == ["acme-dental", "acme-dental-2"]


def test_half_an_organization_is_never_left_behind(
    client_of, stranger, catalogue, monkeypatch
):
    def breaks(**_):
        raise RuntimeError

    monkeypatch.setattr("metering.balances.cycles.begin", breaks)

    with pytest.raises(RuntimeError):
        client_of(stranger).post(URL, answers())

    assert not Organization.objects.exists()


def test_staff_find_their_pages_from_here(client_of, staff, catalogue):
    assert 'href="/admin/"' in client_of(staff).get(URL).content.decode()
    plain = accounts.make_user()
    assert 'href="/admin/"' not in client_of(plain).get(URL).content.decode()
