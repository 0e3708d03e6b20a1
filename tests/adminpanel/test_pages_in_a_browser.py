"""The operator's pages as a browser shows them: accessible, light and dark.

Each page is opened light and examined by all rules; then, as it stands, it is made dark, and
examined for what the theme can spoil.
"""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from billing import catalogue_loading, discrepancies, money_days, provider_runs
from billing.models import Discrepancy, ProviderRun
from metering.calls import gate, settle
from metering.models import Call, InboundMessage
from tests.factories import metering as make
from tests.pages.browsing import DESK, accessibility_faults, contrast_faults, sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(organization) -> Call:
    now = timezone.now()
    make.make_balances(organization=organization, now=now)
    number = make.make_number(organization=organization, valid_from=now)
    catalogue_loading.load(now=now)
    ref = make.call_ref(number, call_id="one")
    gate.admit(make.make_request(ref, at=now), now=now)
    report = make.make_report(ref, started_at=now, seconds=61, cost="0.12")
    settle.settle([report], now=now + timedelta(seconds=61))
    InboundMessage.objects.create(
        provider="vapi",
        kind="end-of-call-report",
        external_id="parked",
        provider_call_id="another",
        body={"message": {"type": "end-of-call-report", "cost": 0.12}},
        state="parked",
        attempts=10,
        error="it broke",
        received_at=now,
    )
    InboundMessage.objects.create(
        provider="vapi",
        kind="end-of-call-report",
        external_id="lost",
        provider_call_id="lost",
        body={
            "message": {
                "type": "end-of-call-report",
                "startedAt": (now - timedelta(seconds=61)).isoformat(),
                "endedAt": now.isoformat(),
                "call": {"id": "lost", "phoneNumberId": "of-nobody"},
            }
        },
        state="unmatched",
        received_at=now,
    )
    return Call.objects.get()


def test_axe_finds_nothing_on_staff_pages(page: Page, live_server, staff, client_of, call):
    staff.is_superuser = True
    staff.save()
    sign_in(page, client_of(staff), url=live_server.url)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    message = InboundMessage.objects.get(external_id="parked")
    now = timezone.now()
    money_days.sum_recent(now=now)
    with provider_runs.compared("payments", provider="stripe", now=now) as tally:
        subject = {"kind": "paid_not_credited", "provider": "stripe", "subject": "in_1"}
        tally.note(discrepancies.open_one(**subject, now=now).pk)
    places = [
        "",
        "organizations",
        "money",
        "money?by=month",
        "runs",
        f"runs/{ProviderRun.objects.get().pk}",
        f"differences/{Discrepancy.objects.get().pk}",
        "catalogue/new?like=growth",
        "catalogue/bundles?minutes=75&currency=USD",
        "calls",
        f"calls/{call.pk}",
        "webhooks",
        f"webhooks/{message.pk}",
        "prices",
        "settings",
        "settings/refusal_texts",
        "catalogue",
        "catalogue/plans/growth",
        f"organizations/{call.organization_id}/enforcement",
        f"organizations/{call.organization_id}",
        "refusals",
        f"ledger?organization={call.organization_id}",
        "reconciliation",
        "unmatched",
    ]
    faults = {}
    for place in places:
        page.goto(f"{live_server.url}/admin/{place}")
        # What is around it is the admin theme's own.
        faults[place] = accessibility_faults(page, within=".staff")
        _keep_picture(page, place, theme="light")
        # As the theme's own script does when the page is opened in the dark.
        page.evaluate("document.documentElement.classList.add('dark')")
        dark = contrast_faults(page, within=".staff")
        faults[place] += [f"dark: {fault}" for fault in dark]
        _keep_picture(page, place, theme="dark")

    assert {place: found for place, found in faults.items() if found} == {}


def _keep_picture(page: Page, place: str, *, theme: str) -> None:
    if kept := os.environ.get("SCREENSHOTS"):
        name = place.replace("/", "-")[:20]
        page.screenshot(path=f"{kept}/{name}-{theme}.png", full_page=True)
