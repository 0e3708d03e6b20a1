"""Keys are shown once, say what they may do, and end at once."""

import re

import pytest

from accounts import api_keys
from accounts.models import ApiKey
from tests.factories import accounts as make
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

KEYS = "/dashboard/api-keys"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def issue(browser, **fields):
    form = {"name": "Reporting", "scopes": ["usage:read"], "days": "365"} | fields
    return browser.post(f"{KEYS}/new", form)


def test_key_is_shown_once_and_works(mine, now):
    answer = issue(mine)

    key = re.search(r'id="new-key">([^<]+)<', answer.content.decode())[1]
    assert "no-store" in answer["Cache-Control"]
    assert api_keys.verify(key, now=now).scopes == ["usage:read"]
    page = cheaply(mine, KEYS)
    assert key not in page
    assert f"{ApiKey.objects.get().prefix}.… · usage:read" in page
    assert "last used" in page


def test_key_without_an_end_has_none(mine):
    issue(mine, days="never")

    assert ApiKey.objects.get().expiry_date is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"scopes": []}, "Choose what it may do"),
        ({"scopes": ["root"]}, "root is not one of the available choices"),
        ({"name": " "}, "This field is required"),
        ({"days": "7"}, "7 is not one of the available choices"),
    ],
)
def test_bad_wishes_make_no_key(mine, fields, why):
    assert why in seen(issue(mine, **fields))
    assert not ApiKey.objects.exists()


def test_revoked_key_opens_nothing(mine, now, organization):
    issued = make.make_key(organization=organization)

    mine.post(f"{KEYS}/revoke", {"key": issued.api_key.prefix})

    assert api_keys.verify(issued.key, now=now) is None
    assert "Revoked" in seen(mine.get(KEYS))


def test_foreign_key_cannot_be_revoked(mine, now, other_organization):
    issued = make.make_key(organization=other_organization)

    mine.post(f"{KEYS}/revoke", {"key": issued.api_key.prefix})

    assert "There is no such key" in seen(mine.get(KEYS))
    assert api_keys.verify(issued.key, now=now)


def test_accountant_and_member_see_no_keys(client_of, accountant, member, number):
    for person in (accountant, member):
        assert client_of(person).get(KEYS).status_code == 403
