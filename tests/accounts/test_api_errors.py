"""Every failure under /api/ has one shape."""

import json

import pytest
from django.test import Client

from tests.factories import accounts as make

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probes")]


@pytest.fixture
def program(organization, key_client):
    return key_client(make.make_key(organization=organization))


def test_what_is_wrong_in_a_body_is_named_by_field(program):
    reply = program.post(
        "/api/invalid",
        {"lines": [{"quantity": 1}, {"quantity": -1}, {}]},
        content_type="application/json",
    )

    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "invalid")
    assert error["fields"] == {
        "lines.1.quantity": ["Ensure this value is greater than or equal to 0."],
        "lines.2.quantity": ["This field is required."],
    }


def test_what_is_wrong_with_the_whole_body_is_the_message(program):
    reply = program.post("/api/invalid", [], content_type="application/json")

    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "invalid")
    assert "Invalid data" in error["message"]
    assert "fields" not in error


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("refused", 409, {"code": "refused", "message": "No minutes left."}),
        ("suspicious", 400, {"code": "bad_request", "message": "Bad Request."}),
        ("missing", 404, {"code": "not_found", "message": "Not found."}),
    ],
)
def test_expected_failures_are_told_and_secrets_are_not(program, how, status, error):
    reply = program.get(f"/api/failing/{how}")

    assert (reply.status_code, reply.json()) == (status, {"error": error})


def test_defect_is_500_without_its_details(organization):
    issued = make.make_key(organization=organization)
    program = Client(
        raise_request_exception=False, headers={"Authorization": f"Bearer {issued.key}"}
    )

    reply = program.get("/api/failing/defect")

    assert (reply.status_code, reply["Content-Type"]) == (500, "application/json")
    assert reply.json()["error"]["code"] == "internal_error"
    assert "a defect" not in reply.content.decode()


def test_missing_url_and_missing_object_are_the_same_bytes(program):
    assert (
        program.get("/api/nowhere").content == program.get("/api/failing/missing").content
    )


def test_missing_page_is_no_json(client):
    assert "json" not in client.get("/nowhere")["Content-Type"]


@pytest.mark.parametrize("url", ["/api/usage", "/api/webhook"])
def test_wrong_method_is_405_and_says_which_are_right(program, url):
    reply = program.delete(url)

    assert reply.status_code == 405
    assert reply.json()["error"]["code"] == "method_not_allowed"
    assert "POST" in reply["Allow"]


def test_host_that_is_not_ours_is_400(client):
    reply = client.get("/api/usage", headers={"Host": "evil.example"})

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"quantity": NaN}', "application/json", 400),
        (b'{"quantity": 1e999}', "application/json", 400),
        (b'{"lines": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 10_000, "application/json", 400),
        (b"{}", "application/json; charset=no-such", 400),
        (b"null", "application/json", 400),
        (b"lines=1", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
        (b'"' + b"x" * 1024 * 1024 + b'"', "application/json", 413),
    ],
)
def test_broken_body_is_the_callers_error(program, body, content_type, status):
    reply = program.generic("POST", "/api/invalid", body, content_type=content_type)

    assert reply.status_code == status
    assert set(json.loads(reply.content)["error"]) >= {"code", "message"}
