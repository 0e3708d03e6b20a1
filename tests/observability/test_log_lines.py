"""One JSON object per line, by which a call can be followed, and nothing private in it."""

import json
import logging

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpResponse

from accounts.models import User
from metering.models import Call
from servicebilling.lib.logs import context, events, requests
from servicebilling.lib.logs.scrubbing import Scrubber
from tests.factories import accounts
from tests.payloads import NUMBER, VAPI, vapi_body

log = logging.getLogger("tests")

PRIVATE = (
    "FAKE",
    "MUST-BE-REDACTED",
    "listenUrl",
    "controlUrl",
    "friendly receptionist",
    "test-secret",
    NUMBER,
    NUMBER.removeprefix("+"),
)


@pytest.mark.django_db
def test_a_call_is_told_from_the_question_to_its_price(
    organization_with_number, post, lines
):
    asked = post(vapi_body("01"))
    post(vapi_body("04"))

    (admitted,) = lines("call_admitted")
    assert admitted["organization_id"] == str(organization_with_number.pk)
    assert admitted["request_id"] == asked["X-Request-ID"]
    assert admitted["seconds_max"] > 0
    assert admitted["milliseconds"] > 0
    (settled,) = lines("call_settled")
    call = Call.objects.get()
    assert settled["call_id"] == admitted["call_id"] == call.provider_call_id
    assert settled["duration_seconds"] == call.duration_seconds
    assert settled["billed_minutes"] == call.billed_minutes
    assert settled["price"] == f"{call.price:.6f}"
    assert settled["currency"] == call.currency
    assert settled["request_id"] != admitted["request_id"]


@pytest.mark.django_db
def test_a_refused_call_is_told_with_its_rule(acme, post, lines):
    post(vapi_body("01"))
    (refused,) = lines("call_refused")
    assert refused["rule"] == "unknown_number"


@pytest.mark.django_db
def test_no_number_no_text_and_no_secret_reaches_the_log(
    organization_with_number, post, printed
):
    """Whole stories of calls, and halves that cannot be read."""
    sent = "".join(path.read_text() for path in VAPI.glob("*.json"))
    for private in PRIVATE[:5]:
        assert private in sent
    logging.getLogger().setLevel(logging.DEBUG)
    for number in range(1, 9):
        body = vapi_body(f"{number:02}")
        post(body)
        post(body[: -len(body) // 3])
        post(body, headers={"X-Vapi-Secret": "wrong-secret-sent"})
    said = printed.getvalue()
    assert "call_settled" in said
    for private in (*PRIVATE, "wrong-secret-sent"):
        assert private.lower() not in said.lower(), private


@pytest.mark.django_db
def test_a_row_that_broke_a_constraint_is_not_quoted(printed):
    accounts.make_user(email="secret.person@example.com")
    try:
        with transaction.atomic():
            User.objects.create(email="secret.person@example.com")
    except IntegrityError:
        log.exception("a person could not be kept")
    said = json.loads(printed.getvalue())
    assert "IntegrityError" in said["error"]
    assert "secret.person" not in said["error"]


@pytest.mark.parametrize(
    "private",
    [
        "+14155550123",
        "+44 20 7946 0958",
        "14155550123",
        "olga@example.com",
        "sk_live_abcdefgh1234",
        "whsec_abcdefgh1234",
        "Bearer abcdefgh.1234",
        "redis://user:hunter22@host/0",
        "a secret of ours",
        "c0ffee00c0ffee00c0ffee00c0ffee00",
    ],
)
def test_what_is_private_is_taken_out_of_any_text(private):
    clean = Scrubber(["a secret of ours", "c0ffee00" * 4]).clean(
        f"It said {private}, and then more."
    )
    assert clean.startswith("It said ")
    assert clean.endswith("and then more.")
    assert private not in clean
    assert "hunter22" not in clean


def test_a_secret_that_looks_like_an_id_is_taken_out_where_it_stands_alone():
    assert Scrubber(["c0ffee00" * 4]).clean("c0ffee00" * 4) == "[secret]"


@pytest.mark.parametrize(
    "harmless",
    [
        "0193e4a2-7d1c-7b3e-8a55-123456789012",
        "2026-11-20T15:40:00.123456+00:00",
        "took 1234 ms of 30000",
        "price 12.345678901",
        "task-runner and risk_free",
    ],
)
def test_ids_moments_and_figures_stay(harmless):
    assert Scrubber([""]).clean(harmless) == harmless


@pytest.mark.django_db
def test_a_request_leaves_nothing_behind_and_finds_nothing(client, lines):
    with context.fresh(call_id="of-somebody-else"):
        client.get("/nowhere")
        assert dict(context.current()) == {"call_id": "of-somebody-else"}
    (done,) = lines("request_done")
    assert "call_id" not in done


def test_a_strangers_request_id_is_not_taken_over(client, settings):
    settings.SECURE_PROXY_SSL_HEADER = None
    given = {"X-Request-ID": "given-by-a-stranger"}
    assert client.get("/livez", headers=given)["X-Request-ID"] != "given-by-a-stranger"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/livez", headers=given)["X-Request-ID"] == "given-by-a-stranger"
    forged = {"X-Request-ID": 'x"}\n{"event":"call_settled"'}
    assert client.get("/livez", headers=forged)["X-Request-ID"] != forged["X-Request-ID"]


def test_a_request_about_an_organization_names_it(organization, owner, client_of, lines):
    client_of(owner).get("/api/usage/calls")
    (done,) = lines("request_done")
    assert (done["organization_id"], done["status"]) == (str(organization.pk), 200)
    assert "organization_id" not in context.current()


@pytest.mark.django_db
def test_a_path_that_lets_somebody_in_is_not_told(client, lines, printed):
    client.get("/accounts/password/reset/key/1-very-secret-key/")
    (done,) = lines("request_done")
    assert done["route"].startswith("accounts/password/reset/key/")
    assert "very-secret-key" not in printed.getvalue()


def test_only_what_was_named_is_written(printed):
    """Libraries hang whole requests and arguments on their records."""
    log.info("hello", extra={"data": {"number": "private"}, "sinfo": "private"})
    events.tell(log, "something", count=3, nothing=None)
    first, second = map(json.loads, printed.getvalue().splitlines())
    assert set(first) == {"at", "level", "logger", "event"}
    assert second["count"] == 3
    assert "nothing" not in second


def test_files_of_the_site_fill_no_log(lines, rf):
    """No view is asked for them."""
    requests.told(lambda request: HttpResponse())(rf.get("/static/css/base.css"))
    assert lines() == []
    requests.told(lambda request: HttpResponse(status=404))(rf.get("/static/none.css"))
    assert len(lines("request_done")) == 1
