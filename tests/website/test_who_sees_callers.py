"""Whole numbers of callers are for owners, admins and keys; others get them masked."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from metering.models import Export
from tests.factories import accounts
from tests.pages import conftest, stories

pytestmark = pytest.mark.django_db
card, cast = conftest.card, conftest.cast

CALLER, CALLED = "+4915123456789", "+4915987654321"
FILES = reverse("website:exports")


@pytest.fixture
def ours(cast):
    """Its number, which was called and which called somebody."""
    now = timezone.now()
    number = stories.number_of(cast.organization, now=now)
    stories.talk(number, at=now, seconds=30, call_from=CALLER)
    outbound = {"call_from": number.e164, "call_to": CALLED, "direction": "outbound"}
    stories.talk(number, at=now, seconds=30, **outbound)
    return number.e164


def ask_for_a_file(browser) -> list[dict[str, str]]:
    today = timezone.now().date()
    asked = {
        "kind": "calls",
        "format": "csv",
        "first_day": str(today - timedelta(days=2)),
        "last_day": str(today + timedelta(days=1)),
    }
    browser.post(FILES, asked)
    export = Export.objects.latest("created_at")
    reply = browser.get(reverse("website:export-file", kwargs={"export_id": export.pk}))
    text = b"".join(reply.streaming_content).decode()
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda row: row["direction"])


@pytest.mark.parametrize(
    ("role", "sees"),
    [("owner", True), ("admin", True), ("accountant", False), ("member", False)],
)
def test_a_persons_role_decides(role, sees, cast, ours, client_of):
    browser = client_of(cast.people[role])

    inbound, outbound = ask_for_a_file(browser)
    calls = browser.get("/api/usage/calls").json()["calls"]

    # A number of one's own is nobody's secret.
    assert (inbound["to"], outbound["from"].lstrip("'")) == (ours, ours)
    shown = {inbound["from"].lstrip("'"), outbound["to"].lstrip("'")}
    assert (shown == {CALLER, CALLED}) is sees
    over_the_api = {call["call_from"] for call in calls}
    over_the_api |= {call["call_to"] for call in calls}
    assert (over_the_api == {CALLER, CALLED, ours}) is sees
    assert over_the_api & {CALLER, CALLED} == ({CALLER, CALLED} if sees else set())


def test_a_file_with_whole_numbers_is_not_handed_to_who_may_not_see_them(
    cast, ours, client_of
):
    ask_for_a_file(client_of(cast.people["owner"]))
    export = Export.objects.get()
    member = client_of(cast.people["member"])

    assert member.get(FILES).context["files"] == []
    file = reverse("website:export-file", kwargs={"export_id": export.pk})
    assert member.get(file).status_code == 404
    assert "are masked" in member.get(FILES).content.decode()


def test_a_key_that_reads_usage_sees_them(cast, ours, key_client):
    key = accounts.make_key(organization=cast.organization, scopes=["usage:read"])

    calls = key_client(key).get("/api/usage/calls").json()["calls"]

    assert {CALLER, CALLED} <= {
        call[end] for call in calls for end in ("call_from", "call_to")
    }
