"""Who a request to the API is taken for, over HTTP."""

import pytest
from django.test import Client
from django.utils.timezone import now

from accounts import api_keys
from accounts.models import Organization
from tests.factories import accounts as make

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probes")]


def code(response) -> str:
    return response.json()["error"]["code"]


def test_key_of_an_organization_acts_for_it(organization, key_client):
    reply = key_client(make.make_key(organization=organization)).get("/api/usage")

    assert (reply.status_code, reply.json()) == (200, {"slug": "acme-dental"})


def test_session_acts_for_its_person(organization, owner, client_of):
    assert client_of(owner).get("/api/usage").json() == {"slug": "acme-dental"}


def test_nobody_is_asked_for_a_key(client):
    reply = client.get("/api/usage")

    assert (reply.status_code, reply["WWW-Authenticate"]) == (401, "Bearer")
    assert code(reply) == "not_authenticated"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer a.b",
        "Bearer two words",
        "Basic b3duZXI6cGFzcw==",
        "Token abc",
        "Bearer \xff\xfe",
    ],
)
def test_header_that_proves_nothing_is_401(header):
    reply = Client(headers={"Authorization": header}).get("/api/usage")

    assert (reply.status_code, code(reply)) == (401, "key_invalid")


def test_wrong_header_is_not_saved_by_a_session(organization, owner, client_of):
    reply = client_of(owner).get("/api/usage", headers={"Authorization": "Basic abc"})

    assert reply.status_code == 401


def test_key_and_session_at_once_is_400(organization, owner, client_of):
    issued = make.make_key(organization=organization)

    reply = client_of(owner).get(
        "/api/usage", headers={"Authorization": f"Bearer {issued.key}"}
    )

    assert (reply.status_code, code(reply)) == (400, "two_identities")


def test_revoked_key_is_401_at_once(organization, owner, key_client):
    issued = make.make_key(organization=organization)
    program = key_client(issued)
    assert program.get("/api/usage").status_code == 200

    api_keys.revoke(issued.api_key, actor=owner, now=now())

    assert program.get("/api/usage").status_code == 401


def test_person_made_inactive_is_nobody(organization, owner, client_of):
    browser = client_of(owner)
    owner.is_active = False
    owner.save()

    assert browser.get("/api/usage").status_code == 401


def test_session_needs_its_csrf_token_to_change_anything(organization, owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)

    reply = browser.post("/api/usage", {}, content_type="application/json")

    assert (reply.status_code, code(reply)) == (403, "permission_denied")
    assert "CSRF" in reply.json()["error"]["message"]


def test_key_needs_no_csrf_token(organization):
    issued = make.make_key(organization=organization, scopes=["usage:write"])
    program = Client(
        enforce_csrf_checks=True, headers={"Authorization": f"Bearer {issued.key}"}
    )

    reply = program.post("/api/usage", {}, content_type="application/json")

    assert reply.json() == {"slug": "acme-dental"}


def test_key_without_the_scope_is_403(organization, key_client):
    program = key_client(make.make_key(organization=organization, scopes=["usage:read"]))

    reply = program.post("/api/usage", {}, content_type="application/json")

    assert (reply.status_code, code(reply)) == (403, "forbidden")


def test_closed_organization_can_still_be_read_and_not_changed(organization, key_client):
    program = key_client(make.make_key(organization=organization, scopes=["admin"]))
    Organization.objects.update(status="closed")

    assert program.get("/api/usage").status_code == 200
    assert (
        program.post("/api/usage", {}, content_type="application/json").status_code == 403
    )


def test_key_without_the_scope_learns_of_no_organization(organization, key_client):
    program = key_client(make.make_key(organization=None, scopes=["usage:read"]))

    there, nowhere, unnamed = (
        program.post(f"/api/usage?{query}", {}, content_type="application/json")
        for query in ("organization=acme-dental", "organization=nowhere", "")
    )

    assert there.status_code == nowhere.status_code == unnamed.status_code == 403
    assert there.content == nowhere.content == unnamed.content
