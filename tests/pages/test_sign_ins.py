"""Where a person is signed in, and signing out from afar."""

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.timezone import now

from servicebilling.website.browser_names import name_of
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

PAGE = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1"
    " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def sign_in(person, user_agent: str) -> Client:
    browser = Client(headers={"User-Agent": user_agent})
    browser.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return browser


def places(browser: Client) -> list[str]:
    page = browser.get(PAGE).content.decode()
    return re.findall(r'row-title">([^<]+?)(?: <|<)', page)


def is_signed_in(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def test_this_place_comes_first_and_others_can_be_ended(owner):
    phone, desk = sign_in(owner, PHONE), sign_in(owner, FIREFOX)

    assert places(desk) == ["Firefox on Windows", "Safari on iPhone"]
    far = UserSession.objects.get(user_agent=PHONE)
    answer = desk.post(f"{PAGE}end", {"sign_in": far.pk}, follow=True)

    assert "Signed out there." in answer.content.decode()
    assert not is_signed_in(phone)
    assert places(desk) == ["Firefox on Windows"]
    again = desk.post(f"{PAGE}end", {"sign_in": far.pk}, follow=True)
    assert "ended already" in again.content.decode()


def test_all_others_end_together_and_this_one_stays(owner):
    others = [sign_in(owner, PHONE), sign_in(owner, PHONE)]
    here = sign_in(owner, FIREFOX)

    answer = here.post(f"{PAGE}end-others", follow=True).content.decode()

    assert "Signed out in 2 other places." in answer
    assert "Sign out everywhere else" not in answer
    assert not any(is_signed_in(one) for one in others)


def test_nobody_ends_the_sign_in_of_somebody_else(owner, stranger):
    theirs, mine = sign_in(stranger, PHONE), sign_in(owner, FIREFOX)
    far = UserSession.objects.get(user=stranger)

    mine.post(f"{PAGE}end", {"sign_in": far.pk})
    mine.post(f"{PAGE}end", {"sign_in": "1 OR 1=1"})
    mine.post(f"{PAGE}end-others")

    assert is_signed_in(theirs)


def test_what_lets_nobody_in_is_not_listed(owner):
    sign_in(owner, PHONE)
    old, here = sign_in(owner, PHONE), sign_in(owner, FIREFOX)
    Session.objects.filter(pk=old.session.session_key).update(
        expire_date=now() - timedelta(seconds=1)
    )
    assert len(places(here)) == 2

    here.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": "another long secret",
            "password2": "another long secret",
        },
    )

    assert places(here) == ["Firefox on Windows"]


def test_many_places_cost_no_more_queries(owner, django_assert_max_num_queries):
    for _ in range(5):
        sign_in(owner, PHONE)
    here = sign_in(owner, FIREFOX)

    with django_assert_max_num_queries(12):
        assert len(places(here)) == 6


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Linux"),
        ("curl/8.5", "A browser"),
        ("Something (Android 15)", "A browser on Android"),
        ("", "A browser"),
    ],
)
def test_browsers_are_named_as_their_owners_know_them(user_agent, name):
    assert name_of(user_agent) == name
