"""Every URL × method × role × one's own and a foreign organization.

The URLs come from the resolver, so a page that is written tomorrow is tested tomorrow. What a
URL does is other tests' matter; here is who gets in, and that nothing ever breaks:

* nothing answers 5xx;
* who is nobody is sent to sign in (pages) or told 401 (API), unless the URL is on the list of
  open ones, which is exact;
* a foreign organization, and a foreign object, answer like ones that do not exist.

What the owner and what nobody is told is asked in full; of the others' combinations a third,
in turn, and all of them with LONG=1.
"""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import transaction
from django.http import HttpResponse

from tests.length import IS_LONG
from tests.pages.conftest import make_cast
from tests.pages.crowd import METHODS, Crowd, clients_of, shapes_of
from tests.pages.resolver import Endpoint, endpoints
from tests.pages.samples import (
    ABOUT_NO_ORGANIZATION,
    OPEN,
    SAMPLES,
    Cast,
    Kwargs,
)

PEOPLE_OF_THE_ORGANIZATION = ["owner", "admin", "accountant", "member"]
NOWHERE = "no-such-organization"
NO_ID = UUID("00000000-0000-7000-8000-000000000000")

CUSTOMER_ENDPOINTS = [one for one in endpoints() if not one.is_staff_site]
PROTECTED = [one for one in CUSTOMER_ENDPOINTS if not one.is_open]
OF_AN_ORGANIZATION = [
    one
    for one in PROTECTED
    if one.name not in ABOUT_NO_ORGANIZATION and not one.is_staff_api
]
OF_STAFF_BY_API = [one for one in PROTECTED if one.is_staff_api]
OF_AN_OBJECT = [
    one for one in OF_AN_ORGANIZATION if one.name in SAMPLES and SAMPLES[one.name].foreign
]

pytestmark = pytest.mark.django_db


def each(chosen: list[Endpoint]):
    return pytest.mark.parametrize("endpoint", chosen, ids=[one.name for one in chosen])


@pytest.fixture(scope="module")
def world(
    ground_of_all, django_db_setup, django_db_blocker
) -> Iterator[tuple[Cast, Crowd]]:
    """Made once: everybody signs in once, in a transaction that is never committed. Each
    test's own lies within it, and leaves the world as it found it."""
    with django_db_blocker.unblock():
        world = transaction.atomic()
        world.__enter__()
        cast = make_cast()
        crowd = Crowd(clients_of(cast))
    yield cast, crowd
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        world.__exit__(None, None, None)


@pytest.fixture
def cast(world) -> Cast:
    return world[0]


@pytest.fixture
def crowd(world) -> Crowd:
    return world[1]


def test_the_walk_finds_the_site():
    names = {one.name for one in endpoints()}

    assert {"website:home", "account_login", "admin:index"} <= names
    assert len(PROTECTED) > 10
    assert OF_AN_ORGANIZATION


def test_varying_parts_have_samples():
    lacking = [
        one.name for one in CUSTOMER_ENDPOINTS if one.parameters and one.name not in SAMPLES
    ]

    assert not lacking, f"Add to SAMPLES in tests/pages/samples.py: {lacking}"


def test_open_urls_are_exactly_those_listed():
    found = {one.name for one in CUSTOMER_ENDPOINTS if one.is_open}

    assert found - OPEN == set(), "open without a decision: list it or close it"
    assert OPEN - found == set(), "listed as open, but closed or gone"


def test_lists_name_urls_that_exist():
    known = {one.name for one in endpoints()}

    assert set(SAMPLES) - known == set()
    assert known >= ABOUT_NO_ORGANIZATION


@each(CUSTOMER_ENDPOINTS)
def test_nobody_of_any_role_gets_a_server_error(endpoint, cast, crowd):
    known = crowd.methods(endpoint, cast)
    places = ["", cast.organization.slug]
    if endpoint not in OF_AN_ORGANIZATION:
        # For those of an organization, the test of foreign ones says more.
        places.append(cast.other_organization.slug)
    shapes = dict(shapes_of(endpoint, cast))
    broken = [
        f"{role} {method} {place or 'unnamed'} {shape}: {told.status_code}"
        for role in crowd.clients
        for method in (METHODS if role in ASKED_IN_FULL else known)
        for place in places
        for shape in shapes
        if is_asked(role, method, place, shape, crowd=crowd)
        and (
            told := crowd.hear(
                role,
                endpoint,
                method,
                shape=shape,
                kwargs=shapes[shape],
                organization=place,
            )
        ).status_code
        >= 500
    ]

    assert not broken


ASKED_IN_FULL = ("owner", "anonymous")


def is_asked(role: str, method: str, place: str, shape: str, *, crowd: Crowd) -> bool:
    """Whether this combination is in the sample."""
    turns = (
        list(crowd.clients).index(role),
        METHODS.index(method),
        bool(place),
        ["plain", "missing", "own", "foreign"].index(shape),
    )
    return IS_LONG or role in ASKED_IN_FULL or sum(turns) % 3 == 0


def test_the_sample_has_every_role_method_and_shape(crowd):
    for role in crowd.clients:
        for shape in ("plain", "missing", "own", "foreign"):
            for place in ("", "anywhere"):
                assert any(
                    is_asked(role, method, place, shape, crowd=crowd) for method in METHODS
                )


@each(PROTECTED)
def test_nobody_must_say_who_they_are(endpoint, cast, crowd):
    shapes = dict(shapes_of(endpoint, cast))
    for method in METHODS:
        for place in ("", cast.organization.slug, NOWHERE):
            for shape, kwargs in shapes.items():
                reply = crowd.hear(
                    "anonymous",
                    endpoint,
                    method,
                    shape=shape,
                    kwargs=kwargs,
                    organization=place,
                )
                if endpoint.is_api:
                    assert reply.status_code == 401, method
                    assert reply.authenticate == "Bearer"
                else:
                    assert reply.status_code == 302, method
                    assert reply.url.startswith("/accounts/login/?next=")


@each([one for one in PROTECTED if not one.is_api])
def test_keys_open_no_pages(endpoint, cast, crowd):
    for shape, kwargs in shapes_of(endpoint, cast):
        reply = crowd.hear(
            "service key", endpoint, "GET", shape=shape, kwargs=kwargs, organization=""
        )

        assert reply.url.startswith("/accounts/login/?next=")


@each(OF_AN_ORGANIZATION)
def test_foreign_organization_answers_like_one_that_does_not_exist(endpoint, cast, crowd):
    own, other = cast.organization, cast.other_organization
    foreign_to = {
        "stranger": own,
        "staff": own,
        "owner": other,
        "member": other,
    }
    if endpoint.is_api:
        foreign_to |= {"organization key": other, "stranger's key": own}
    known = crowd.methods(endpoint, cast)
    shapes = dict(shapes_of(endpoint, cast))
    for turn, (role, place) in enumerate(foreign_to.items()):
        statuses = set()
        for method in known:
            for shape, kwargs in shapes.items():
                for there, nowhere in references_of(place, turn):
                    foreign, none = (
                        crowd.ask(
                            role, endpoint, method, kwargs=kwargs, organization=reference
                        )
                        for reference in (there, nowhere)
                    )
                    assert _seen(foreign, place) == _seen(none, place), (role, method)
                    assert foreign.status_code in (404, 405), (role, method, shape)
                    statuses.add(foreign.status_code)
        assert 404 in statuses, f"{role}: no method of this URL looks at the organization"


def references_of(place, turn: int) -> list[tuple[str, str]]:
    """By name and by id: of a foreign organization, and of none. In turn one of both; both
    with LONG=1."""
    both = [(place.slug, NOWHERE), (str(place.pk), str(NO_ID))]
    return both if IS_LONG else [both[turn % 2]]


@each([one for one in OF_AN_ORGANIZATION if one.is_api])
def test_service_key_must_name_an_organization_that_exists(endpoint, cast, crowd):
    shape, kwargs = next(shapes_of(endpoint, cast))
    for method in METHODS:
        unnamed = crowd.hear(
            "service key", endpoint, method, shape=shape, kwargs=kwargs, organization=""
        ).status_code
        nowhere = crowd.ask(
            "service key", endpoint, method, kwargs=kwargs, organization=NOWHERE
        ).status_code

        assert (unnamed, nowhere) in [(400, 404), (405, 405)], method


@each(OF_AN_OBJECT)
def test_foreign_object_answers_like_one_that_does_not_exist(endpoint, cast, crowd):
    sample = SAMPLES[endpoint.name]
    foreign = sample.foreign(cast)
    known = crowd.methods(endpoint, cast)
    for role in [*PEOPLE_OF_THE_ORGANIZATION, "organization key", "service key"]:
        for method in known:
            place = cast.organization.slug
            theirs, none = (
                crowd.ask(role, endpoint, method, kwargs=kwargs, organization=place)
                for kwargs in (foreign, sample.missing)
            )
            assert _bytes(theirs) == _bytes(none), f"{role} {method}"
            assert theirs.status_code != 200, f"{role} {method}"


@each(OF_AN_ORGANIZATION)
def test_owner_gets_in_and_may_whatever_any_member_may(endpoint, cast, crowd):
    place = cast.organization.slug
    shapes = dict(shapes_of(endpoint, cast))
    shape = "own" if "own" in shapes else "plain"
    kwargs = shapes.get(shape, {})
    for method in METHODS:
        status = {
            role: crowd.hear(
                role, endpoint, method, shape=shape, kwargs=kwargs, organization=place
            ).status_code
            for role in PEOPLE_OF_THE_ORGANIZATION
        }
        assert status["owner"] not in (401, 403, 404), f"{method}: {status}"
        lesser = {role for role, seen in status.items() if seen != 403}
        assert not lesser or "owner" in lesser, f"{method}: {status}"


@each(OF_STAFF_BY_API)
def test_staff_api_is_closed_to_customers_and_their_keys(endpoint, cast, crowd):
    answered = set()
    shapes = dict(shapes_of(endpoint, cast))
    for role in [*PEOPLE_OF_THE_ORGANIZATION, "stranger", "organization key"]:
        for method in METHODS:
            for shape, kwargs in shapes.items():
                reply = crowd.hear(
                    role,
                    endpoint,
                    method,
                    shape=shape,
                    kwargs=kwargs,
                    organization=cast.organization.slug,
                )
                answered.add(reply.status_code)

    assert answered == {403, 405}


OF_STAFF_BY_UUID = (
    "organization_id",
    "call_id",
    "delivery_id",
    "payment_id",
    "document_id",
)


def test_staff_site_is_closed_to_customers(cast, crowd):
    let_in = []
    for endpoint in endpoints():
        if not endpoint.is_staff_site:
            continue
        kwargs: Kwargs = dict.fromkeys(endpoint.parameters, "1")
        kwargs |= {name: NO_ID for name in kwargs if name in OF_STAFF_BY_UUID}
        if "app_label" in kwargs:
            kwargs["app_label"] = "accounts"
        for role in ("anonymous", "owner", "service key"):
            reply = crowd.ask(role, endpoint, "GET", kwargs=kwargs, organization="")
            # Signing out of it leads to its front, which is closed like the rest.
            is_sent_away = reply.status_code == 302 and reply.url.startswith(
                ("/accounts/login/", "/admin/")
            )
            if not is_sent_away and reply.status_code != 403:
                let_in.append(f"{role} {endpoint.name}: {reply.status_code}")

    assert not let_in


def _bytes(reply: HttpResponse) -> tuple[int, str]:
    """What is seen, without what is new at each request by intention: tokens against forgery
    and nonces."""
    text = reply.content.decode()
    text = re.sub(r"(csrfmiddlewaretoken\W+value=|nonce=)\"[^\"]+\"", r"\1", text)
    return reply.status_code, text


def _seen(reply: HttpResponse, place) -> tuple[int, str]:
    """The same, without the reference that was asked for, should the page repeat it."""
    status, text = _bytes(reply)
    for reference in (place.slug, str(place.pk), NOWHERE, str(NO_ID)):
        text = text.replace(reference, "<reference>")
    return status, text
