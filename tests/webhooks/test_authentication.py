"""Who gets in at the webhook, and that nobody else leaves a trace."""

from datetime import timedelta

import pytest
from django.test import Client

from metering.models import Call, Decision, InboundMessage
from tests.payloads import as_body, vapi_body, vapi_message
from tests.signing import vapi_bearer, vapi_secret, vapi_signature
from tests.webhooks.conftest import NOW, URL

pytestmark = pytest.mark.django_db


def is_untouched() -> bool:
    return not any(model.objects.exists() for model in (Call, Decision, InboundMessage))


@pytest.mark.parametrize(
    "headers",
    [
        vapi_secret(),
        vapi_bearer(),
        vapi_signature(vapi_body("04"), at=NOW),
        vapi_signature(vapi_body("04"), at=NOW, in_milliseconds=True, as_base64=True),
        vapi_signature(vapi_body("04"), at=None),
    ],
    ids=["secret", "bearer", "hmac", "hmac ms base64", "hmac without time"],
)
def test_report_is_charged_however_it_is_signed(organization_with_number, post, headers):
    assert post(vapi_body("04"), headers=headers).status_code == 200

    assert Call.objects.get().billed_minutes == 3


@pytest.mark.parametrize("sample", ["01", "02", "04", "08"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        vapi_secret(""),
        vapi_secret("wrong"),
        vapi_secret("\xe9\xff"),
        vapi_bearer("wrong"),
        {"Authorization": "Bearer \xe9"},
        vapi_signature(b"another body", at=NOW),
        vapi_signature(b"another body", at=NOW, secret="wrong"),
        {"x-signature": "\xe9" * 64},
    ],
    ids=[
        "nothing",
        "empty",
        "wrong",
        "odd bytes",
        "wrong bearer",
        "odd bearer",
        "another body's",
        "another secret's",
        "odd signature",
    ],
)
def test_stranger_gets_401_and_leaves_nothing(
    organization_with_number, post, sample, headers
):
    reply = post(vapi_body(sample), headers=headers)

    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "not_authenticated"
    assert is_untouched()


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_signature_of_another_time_gets_401(organization_with_number, post, age):
    body = vapi_body("04")

    assert post(body, headers=vapi_signature(body, at=NOW - age)).status_code == 401
    assert is_untouched()


def test_endpoint_without_a_secret_is_closed(organization_with_number, post, settings):
    settings.VAPI_WEBHOOK_SECRETS = []

    for headers in ({}, vapi_secret(""), vapi_secret()):
        assert post(vapi_body("01"), headers=headers).status_code == 503
    assert is_untouched()


def test_both_secrets_open_while_one_is_rolled(organization_with_number, post, settings):
    settings.VAPI_WEBHOOK_SECRETS = ["new-secret", "test-secret"]

    for secret in ("new-secret", "test-secret"):
        assert post(vapi_body("04"), headers=vapi_secret(secret)).status_code == 200
    assert post(vapi_body("04"), headers=vapi_secret("older")).status_code == 401


def test_headers_of_the_signature_come_from_the_settings(
    organization_with_number, post, settings
):
    settings.VAPI_SIGNATURE_HEADER = "X-Vapi-Signature"
    settings.VAPI_TIMESTAMP_HEADER = "X-Vapi-Timestamp"
    settings.VAPI_SIGNATURE_PREFIX = "v1="
    names = {
        "signature_header": "X-Vapi-Signature",
        "timestamp_header": "X-Vapi-Timestamp",
    }
    body = vapi_body("04")

    right = vapi_signature(body, at=NOW, prefix="v1=", **names)
    assert post(body, headers=right).status_code == 200
    assert post(body, headers=vapi_signature(body, at=NOW)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_told_which_one_there_is(client: Client, method):
    reply = client.generic(method, URL, headers=vapi_secret())

    assert reply.status_code == 405
    assert reply["Allow"] == "POST"


def test_there_is_no_second_address_with_a_slash(client: Client):
    assert client.post(f"{URL}/", headers=vapi_secret()).status_code == 404


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"],
)
def test_other_types_of_content_are_refused(post, content_type):
    reply = post(vapi_body("04"), content_type=content_type)

    assert reply.status_code == 415
    assert is_untouched()


def test_charset_beside_the_type_is_fine(organization_with_number, post):
    reply = post(vapi_body("04"), content_type="application/json; charset=utf-8")

    assert reply.status_code == 200


@pytest.mark.parametrize("signing", ["secret", "hmac"])
def test_body_at_the_limit_is_read_and_a_longer_one_refused_aloud(
    organization_with_number, post, settings, caplog, signing
):
    body = as_body(vapi_message("04", transcript="x" * 1_500_000))
    settings.VAPI_WEBHOOK_BODY_BYTES_MAX = len(body)
    longer = body + b" "

    def headers(sent: bytes):
        return vapi_secret() if signing == "secret" else vapi_signature(sent, at=NOW)

    assert post(longer, headers=headers(longer)).status_code == 413
    assert "VAPI_WEBHOOK_BODY_BYTES_MAX" in caplog.text
    assert is_untouched()
    assert post(body, headers=headers(body)).status_code == 200
    assert Call.objects.exists()


def test_body_that_breaks_off_is_no_crash(client: Client):
    class BrokenStream:
        def read(self, *args):
            raise ConnectionResetError

        readline = read

    reply = client.post(
        URL,
        b"{}",
        content_type="application/json",
        headers=vapi_secret(),
        **{"wsgi.input": BrokenStream()},
    )

    assert reply.status_code == 400
