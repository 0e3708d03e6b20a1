"""The samples, posted as Vapi posts them, from the first ring to the bill."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from metering.models import Allowance, Call, Decision, Hold, InboundMessage
from tests import payloads
from tests.payloads import vapi_body, vapi_message

pytestmark = pytest.mark.django_db


def used(organization) -> int:
    return Allowance.objects.get(organization=organization).minutes_used_this_cycle


def test_call_is_admitted_runs_ends_and_is_charged_once(organization_with_number, post):
    acme = organization_with_number

    admitted = post(vapi_body("01")).json()
    assert admitted["assistantId"] == payloads.ASSISTANT_ID
    hold = Hold.objects.get()
    assert admitted["assistantOverrides"]["maxDurationSeconds"] == hold.seconds_max
    assert Decision.objects.get().organization == acme

    for sample in ("02", "08", "03"):
        assert post(vapi_body(sample)).status_code == 200
    hold.refresh_from_db()
    assert hold.state == "open"
    assert hold.in_progress_at == datetime(2026, 11, 20, 15, 4, 10, 270000, tzinfo=UTC)
    assert hold.control_url.endswith("/control")

    assert post(vapi_body("04")).json() == {}
    call = Call.objects.get()
    assert (call.organization, call.status, call.direction) == (
        acme,
        "completed",
        "inbound",
    )
    assert (call.call_from, call.call_to) == (payloads.CALLER, payloads.NUMBER)
    assert (call.duration_seconds, call.billed_minutes) == (145, 3)
    assert call.cost == Decimal("0.1578")
    assert call.cost_breakdown["tts"] == "0.0084"
    assert not call.is_unadmitted
    hold.refresh_from_db()
    assert hold.state == "settled"
    assert used(acme) == 3


def test_each_sample_charges_its_organization_what_it_lasted(
    organization_with_number, post
):
    for sample in ("01", "02", "03", "04", "05", "06", "07", "08"):
        assert post(vapi_body(sample)).status_code == 200

    lengths = Call.objects.order_by("provider_call_id").values_list(
        "direction", "duration_seconds", "billed_minutes", "status", "is_unadmitted"
    )
    assert list(lengths) == [
        ("inbound", 145, 3, "completed", False),
        ("outbound", None, 0, "failed", True),
        ("web", 63, 2, "completed", True),
        ("inbound", 3, 1, "completed", True),
    ]
    assert used(organization_with_number) == 6


def test_report_that_comes_twice_is_charged_once(organization_with_number, post):
    for _ in range(2):
        assert post(vapi_body("04")).status_code == 200

    assert used(organization_with_number) == 3
    assert InboundMessage.objects.count() == 1


def test_report_with_other_delivery_time_is_the_same_report(organization_with_number, post):
    post(vapi_message("04"))
    post(vapi_message("04", timestamp=1795187299250))

    assert InboundMessage.objects.count() == 1


def test_report_with_another_length_is_kept_and_not_charged(organization_with_number, post):
    post(vapi_message("04"))
    post(vapi_message("04", endedAt="2026-11-20T15:16:35.250Z", durationMs=None))

    call = Call.objects.get()
    assert call.flags == ["conflicting_report"]
    assert used(organization_with_number) == 3
    assert InboundMessage.objects.count() == 2


def test_messages_in_the_wrong_order_end_the_same(organization_with_number, post):
    for sample in ("04", "03", "02", "08", "01"):
        assert post(vapi_body(sample)).status_code == 200

    call = Call.objects.get()
    assert (call.status, call.billed_minutes) == ("completed", 3)
    assert not Hold.objects.filter(state="open").exists()
    assert used(organization_with_number) == 3


def test_running_call_that_never_asked_is_held_late_and_flagged(
    organization_with_number, post
):
    post(vapi_body("02"))

    assert Hold.objects.get().state == "open"
    assert Call.objects.get().is_unadmitted


def test_hang_ends_no_call(organization_with_number, post):
    post(vapi_body("01"))
    hang = {"type": "hang", "call": {"id": payloads.CALL_ID}}

    assert post(hang).json() == {}

    assert Hold.objects.get().state == "open"
    assert Call.objects.get().status == "active"


def test_outbound_call_that_nobody_answered_costs_nothing(organization_with_number, post):
    post(vapi_body("05"))

    call = Call.objects.get()
    assert call.duration_seconds is None
    assert (call.call_from, call.call_to) == (payloads.NUMBER, "+12025550191")
    assert used(organization_with_number) == 0


def test_metadata_that_we_did_not_sign_names_nobody(acme, post):
    """Acme's id stands in the metadata, but anybody could have written it there."""
    message = vapi_message("06", call__assistantOverrides={"metadata": {}})
    message["call"]["assistantOverrides"]["metadata"]["organization_id"] = str(acme.pk)
    message["call"]["assistantOverrides"]["metadata"]["servicebilling"] = str(acme.pk)

    post(message)

    assert InboundMessage.objects.get().state == "unmatched"
    assert not Call.objects.exists()
