"""Callers' numbers are for those of the staff who need them."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from metering.models import Call, InboundMessage
from servicebilling.lib.phone_numbers import masked
from tests.payloads import CALLER, vapi_body
from tests.webhooks.conftest import acme, now, organization_with_number, post

__all__ = ["acme", "now", "organization_with_number", "post"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("group", "sees"), [("admin", True), ("support", True), ("finance", False)]
)
def test_whoever_looks_after_money_sees_no_callers_number_anywhere(
    organization_with_number, post, client_of, staff, group, sees
):
    for sample in ("01", "02", "04"):
        post(vapi_body(sample))
    staff.groups.set([Group.objects.get(name=group)])
    browser = client_of(staff)
    call = Call.objects.get()
    message = InboundMessage.objects.get(kind="end-of-call-report")
    pages = {
        "detail": browser.get(reverse("adminpanel:call", args=[call.pk])),
        "file": browser.post(reverse("adminpanel:calls-export")),
        "message": browser.get(reverse("adminpanel:webhook-message", args=[message.pk])),
        "row": browser.get(reverse("admin:metering_call_change", args=[call.pk])),
        "kept": browser.get(
            reverse("admin:metering_inboundmessage_change", args=[message.pk])
        ),
        "api": browser.get("/api/admin/calls"),
    }
    for name, page in pages.items():
        assert page.status_code == 200, name
        text = page.getvalue().decode().replace("&nbsp;", "\N{NO-BREAK SPACE}")
        # A body as it came holds amounts, too: support reads it without them as a message.
        may_read = sees and (name != "kept" or staff.has_perm("metering.see_money"))
        assert (CALLER in text) == may_read, name
    if not sees:
        assert masked(CALLER) in pages["detail"].content.decode()
