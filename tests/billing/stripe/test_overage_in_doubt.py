"""Overage that the meter may or may not have taken: staff put it on an invoice only when the
meter shows that it is not there, or when they know what they do."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from billing.errors import CountedAlready, MayBeCounted
from billing.models import OverageDelivery
from billing.overage import deciding
from servicebilling.lib.ids import new_id
from tests.billing.stripe.talking import deliver, talk

METER_EVENTS = "/v1/billing/meter_events"


@pytest.fixture
def doubtful(using, monkeypatch):
    """Four minutes more whose answer got lost, and a day later."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def make(kind: str) -> OverageDelivery:
        using.stripe.control(
            "faults", kind=kind, times="3", method="POST", path=METER_EVENTS
        )
        talk(using, 4)
        deliver(using)
        using.stripe.control("faults/clear")
        using.wait(days=1)
        deliver(using)
        row = OverageDelivery.objects.latest("id")
        assert row.state == "uncertain"
        return row

    return make


def _put(row, using, staff, *, hours: int = 2, **known: bool) -> None:
    deciding.put_on_next_invoice(
        row.pk,
        reason="asked by phone",
        actor=staff,
        now=using.now + timedelta(hours=hours),
        **known,
    )
    row.refresh_from_db()


@pytest.mark.parametrize("is_known", [False, True])
def test_what_the_meter_shows_is_never_put_on_an_invoice(doubtful, using, staff, is_known):
    row = doubtful("lost_answer")
    with pytest.raises(CountedAlready):
        _put(row, using, staff, may_be_counted=is_known)
    row.refresh_from_db()
    assert (row.route, row.state) == ("meter", "delivered")


def test_what_the_meter_has_not_may_be_put_on_the_next_invoice(doubtful, using, staff):
    row = doubtful("no_answer")
    _put(row, using, staff)
    assert (row.route, row.state) == ("item", "waiting")


@pytest.mark.parametrize("why", ["too early", "no answer", "other sum"])
def test_what_cannot_be_told_needs_to_be_said_twice(doubtful, using, staff, why):
    row = doubtful("no_answer")
    hours = 0 if why == "too early" else 2
    if why == "no answer":
        using.stripe.control("faults", kind="500", times="0", path="/v1/billing/*")
    if why == "other sum":
        at = int(row.occurred_at.timestamp())
        event = {
            "event_name": "voice_call_minutes",
            "identifier": "by-hand",
            "timestamp": at,
        }
        payload = {
            "payload[stripe_customer_id]": using.at_stripe["customer"],
            "payload[value]": "1",
        }
        using.stripe.post("billing/meter_events", **event, **payload)
    with pytest.raises(MayBeCounted):
        _put(row, using, staff, hours=hours)
    _put(row, using, staff, hours=hours, may_be_counted=True)
    assert (row.route, row.state) == ("item", "waiting")


def test_the_page_tells_what_the_meter_says_before_anything_is_decided(
    doubtful, using, staff, client_of, monkeypatch
):
    row = doubtful("lost_answer")
    staff.groups.set([Group.objects.get(name="finance")])
    browser, page = client_of(staff), reverse("adminpanel:overage", args=[row.pk])
    asked = {"act": "next", "reason": "asked by phone", "attempt": str(new_id())}
    shown = browser.post(page, asked).content.decode()
    assert "has counted these minutes (4 minutes there; 0 minutes delivered, 4" in shown
    assert "may_be_counted" not in shown
    told = browser.post(page, asked | {"confirm": "yes"}).content.decode()
    assert "counted these minutes" in told

    OverageDelivery.objects.filter(pk=row.pk).update(state="uncertain")
    using.stripe.control("faults", kind="500", times="0", path="/v1/billing/*")
    shown = browser.post(page, asked).content.decode()
    assert "cannot be told" in shown
    assert "may_be_counted" in shown
    assert browser.post(page, asked | {"confirm": "yes"}).status_code == 200
    known = {"confirm": "yes", "may_be_counted": "yes"}
    assert browser.post(page, asked | known).status_code == 302
    row.refresh_from_db()
    assert row.route == "item"
