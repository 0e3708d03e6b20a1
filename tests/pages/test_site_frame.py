"""What holds on every page: policy, theme, errors, health."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError, connection
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from tests.factories import metering as make

ENTRANCES = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]


@pytest.fixture
def signed_in(client_of, owner, organization) -> Client:
    make.make_balances(now=timezone.now(), organization=organization)
    return client_of(owner)


def policy_of(response) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.django_db
def test_no_page_of_customers_allows_inline_code(signed_in):
    for url in [*ENTRANCES, "/dashboard", "/accounts/email/", "/no-such-page"]:
        policy = policy_of(signed_in.get(url))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert not any("unsafe" in allowed for allowed in policy.values())


@pytest.mark.django_db
def test_staff_pages_alone_allow_what_their_theme_needs(client):
    policy = policy_of(client.get("/admin/"))

    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in str(policy_of(client.get("/administrators")))


@pytest.mark.django_db
def test_pages_carry_neither_styles_nor_scripts_nor_handlers(signed_in):
    """The policy would drop them in silence."""
    inline = re.compile(r"<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=")
    for url in [*ENTRANCES, "/dashboard", "/dashboard/live", "/accounts/2fa/"]:
        assert not inline.search(signed_in.get(url).content.decode()), url


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cookie", "written"),
    [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ('"><b>', None)],
)
def test_theme_is_written_into_the_page(client, cookie, written):
    client.cookies["theme"] = cookie

    page = client.get("/accounts/login/").content.decode()

    assert (written in page) if written else ("data-theme=" not in page)


@pytest.mark.django_db
def test_home_says_what_it_is_and_leads_in(client):
    page = client.get("/").content.decode()

    assert "Every call is paid for before it connects." in page
    assert 'href="/accounts/login/"' in page
    assert 'href="/accounts/signup/"' in page
    assert 'href="/pricing"' in page


@pytest.mark.django_db
def test_home_leads_those_who_are_in_to_their_dashboard(signed_in):
    page = signed_in.get("/").content.decode()

    assert 'href="/dashboard"' in page
    assert "/accounts/login/" not in page


@pytest.mark.django_db
def test_missing_page_is_ours_and_tells_nothing(client):
    response = client.get("/no-such-page")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (PermissionDenied, 403, "You may not open this"),
        (BadRequest, 400, "That request makes no sense here"),
        (RuntimeError, 500, "Something broke on our side"),
    ],
)
@pytest.mark.django_db
def test_errors_are_told_in_our_words(client, monkeypatch, error, status, words):
    def broken():
        raise error("secret detail")

    monkeypatch.setattr("servicebilling.website.usage_bar.sample", broken)
    client.raise_request_exception = False

    response = client.get("/")

    assert response.status_code == status
    assert words in response.content.decode()
    assert "secret detail" not in response.content.decode()


@pytest.mark.django_db
def test_form_from_elsewhere_is_refused_in_our_words(owner):
    browser = Client(enforce_csrf_checks=True)

    response = browser.post("/accounts/login/", {"login": owner.email})

    assert response.status_code == 403
    assert "This form has grown old" in response.content.decode()


def test_error_pages_need_neither_request_nor_database():
    for name in ("400", "403", "404", "429", "500"):
        assert "<h1>" in render_to_string(f"{name}.html")


def test_every_static_file_that_pages_name_exists(settings):
    named = set()
    for template in (settings.BASE_DIR / "templates").rglob("*.html"):
        named |= set(re.findall(r"{% static '([^']+)' %}", template.read_text()))

    assert len(named) > 10
    assert [name for name in named if finders.find(name) is None] == []


def test_every_icon_that_pages_name_is_drawn(settings):
    sprite = (settings.BASE_DIR / "static/img/icons.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    named = set()
    for template in (settings.BASE_DIR / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([^"]+)"', template.read_text()))

    assert named - drawn == set()
    assert drawn - named == set(), "drawn for nobody"


@pytest.mark.django_db
def test_process_that_lives_says_so(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/livez")

    assert response.json() == {"status": "ok"}
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready_means_that_the_database_answers(client):
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_not_ready_without_a_database_and_says_no_more(client, monkeypatch):
    def gone():
        raise OperationalError("could not reach 10.1.2.3")

    monkeypatch.setattr(connection, "ensure_connection", gone)

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


@pytest.mark.django_db
def test_details_of_readiness_are_for_staff(client_of, owner, staff):
    assert client_of(owner).get("/readyz").json() == {"status": "ok"}
    assert client_of(staff).get("/readyz").json()["database"]["version"] > 0
