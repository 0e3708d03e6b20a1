"""Calls of other backends: our telephony provider knows nothing of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from metering.calls import foreign, sweep
from metering.models import Hold
from tests.factories import metering as make


@pytest.mark.django_db
def test_hold_of_another_backend_waits_for_its_report_and_our_provider_is_not_asked(
    provider,
):
    organization = make.make_balances(
        now=timezone.now() - timedelta(days=1), card=make.make_card(included_minutes=50)
    )
    foreign.ask(organization, provider="livekit", call_id="room-1", now=timezone.now())

    after_its_end = timezone.now() + timedelta(minutes=45)
    assert sweep.run(now=after_its_end) == sweep.Swept()
    assert provider.requests("GET", "/call/room-1") == 0
    assert Hold.objects.get().state == "open"

    assert sweep.run(now=after_its_end + timedelta(hours=1)) == sweep.Swept(released=1)
