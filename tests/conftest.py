"""The cast, and the ground that every test stands on.

    owner, admin, accountant, member   belong to `organization`, one per role
    stranger                           owns `other_organization`
    staff                              works for the platform and belongs to nothing

`client_of(person)` is a signed-in browser; `key_client(issued)` a program with a key.
"""

import socket
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings

from accounts.api_keys import Issued
from accounts.models import Organization, User
from billing.providers import registry
from servicebilling.lib import stalls
from tests.factories import accounts as make

pytest_plugins = [
    "tests.browser",
    "tests.broker",
    "tests.emptying",
    "tests.garbage",
    "tests.length",
    "tests.order",
    "tests.shelf",
    "tests.telephony",
]


@pytest.fixture(scope="session", autouse=True)
def ground_of_all() -> Iterator[None]:
    """Fast password hashes, a cache of the process's own, secrets that tests know.

    Set once, never between two tests: a page of the test before may still be asking the
    live server, and what it builds from settings of that moment would stay.
    """
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        STORAGES=settings.STORAGES
        | {
            "staticfiles": {
                "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
            }
        },
        VAPI_WEBHOOK_SECRETS=["test-secret"],
        STRIPE_WEBHOOK_SECRETS=["whsec_test"],
        # Looks files up as they are asked for: nothing was collected here.
        WHITENOISE_AUTOREFRESH=True,
        # As shipped they would turn away what a busy machine answers late.
        PRE_CALL_DEADLINE_SECONDS=60.0,
        WEBHOOK_DEADLINE_SECONDS=60.0,
        REQUEST_DEADLINE_SECONDS=60.0,
    ):
        yield


@pytest.fixture(autouse=True)
def ground(ground_of_all) -> None:
    """Nothing remembered from the test before."""
    registry.get.cache_clear()
    cache.clear()
    stalls.forget()


@pytest.fixture(scope="session", autouse=True)
def only_this_machine() -> Iterator[None]:
    """A test that reaches for the network fails, and says where it wanted to go."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"A test tried to reach {address}.")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


@pytest.fixture
def owner(db) -> User:
    return make.make_user(email="owner@example.com", name="Olga Owner")


@pytest.fixture
def organization(owner) -> Organization:
    return make.make_organization(name="Acme Dental", owner=owner)


@pytest.fixture
def admin(organization) -> User:
    return make.make_member(
        organization=organization, role="admin", email="admin@example.com"
    )


@pytest.fixture
def accountant(organization) -> User:
    return make.make_member(
        organization=organization, role="accountant", email="accountant@example.com"
    )


@pytest.fixture
def member(organization) -> User:
    return make.make_member(
        organization=organization, role="member", email="member@example.com"
    )


@pytest.fixture
def stranger(db) -> User:
    return make.make_user(email="stranger@example.net", name="Sam Stranger")


@pytest.fixture
def other_organization(stranger) -> Organization:
    return make.make_organization(name="Other Clinic", owner=stranger)


@pytest.fixture
def staff(db) -> User:
    return make.make_user(email="staff@example.org", is_staff=True)


def browser_of(user: User, *, second_factor: bool = True) -> Client:
    """A browser in which that person has signed in, staff with a second factor."""
    browser = Client()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    if user.is_staff and second_factor:
        session = browser.session
        session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return browser


def program_with(issued: Issued) -> Client:
    """A program that sends that key with each request."""
    return Client(headers={"Authorization": f"Bearer {issued.key}"})


@pytest.fixture
def client_of() -> Callable[..., Client]:
    return browser_of


@pytest.fixture
def key_client() -> Callable[[Issued], Client]:
    return program_with


@pytest.fixture
def organization_key(organization) -> Issued:
    """A key of `organization` that may do whatever a key can."""
    return make.make_key(organization=organization, scopes=["admin"])


@pytest.fixture
def service_key(db) -> Issued:
    return make.make_key(organization=None, scopes=["admin"])
