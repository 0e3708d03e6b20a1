"""Secrets and texts of calls are neither stored nor logged."""

import logging

import pytest
from django.db import connection

from tests.payloads import VAPI, vapi_body

FORBIDDEN = (
    "FAKE",
    "MUST-BE-REDACTED",
    "listenUrl",
    "controlUrl",
    "recording",
    "friendly receptionist",
    "cleaning for next week",
    "firstMessage",
    "accountSid",
)


def rows_as_text() -> str:
    """Everything in the tables of calls, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in ("inbound_messages", "calls", "decisions", "usage_events"):
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


@pytest.mark.django_db
def test_samples_carry_what_must_not_be_stored():
    """Else the next test could not fail."""
    sent = "".join(path.read_text() for path in VAPI.glob("*.json"))

    for forbidden in FORBIDDEN:
        assert forbidden in sent


@pytest.mark.django_db
def test_no_secret_and_no_word_of_a_call_is_stored_or_logged(
    organization_with_number, post, caplog
):
    caplog.set_level(logging.DEBUG)
    for number in range(1, 9):
        post(vapi_body(f"{number:02}"))
        # Half of it cannot be read, and its start holds secrets.
        body = vapi_body(f"{number:02}")
        post(body[body.index(b'"phoneNumber"') if b'"phoneNumber"' in body else 0 : -9])

    stored = rows_as_text()
    assert "end-of-call-report" in stored
    for forbidden in FORBIDDEN:
        assert forbidden.lower() not in stored.lower(), forbidden
        assert forbidden.lower() not in caplog.text.lower(), forbidden


@pytest.mark.django_db
def test_place_where_a_call_can_be_ended_goes_with_its_hold_alone(
    organization_with_number, post
):
    post(vapi_body("02"))

    assert "phone-call-websocket" not in rows_as_text()
    with connection.cursor() as cursor:
        cursor.execute("SELECT control_url FROM holds")
        assert "phone-call-websocket" in cursor.fetchone()[0]
