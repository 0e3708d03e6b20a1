"""Minutes beyond the plan stand on the next invoice, where the customer sees them; and on one
of their own when no subscription is left."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.invoices import issuing
from billing.models import Discrepancy, Document, OverageDelivery, Subscription
from billing.overage import collecting, deciding, sending
from metering.balances import cycles, ledger
from metering.calls import gate, settle
from tests.factories import metering as make

INCLUDED = 500


def _talk_beyond(paying, minutes: int) -> None:
    """Use the plan up, then talk so long."""
    at = paying.now
    ledger.adjust_used(
        organization_id=paying.organization.pk,
        minutes=INCLUDED,
        reference="test:used",
        reason="used",
        now=at,
    )
    number = make.make_number(organization=paying.organization, valid_from=at)
    ref = make.call_ref(number)
    assert gate.admit(make.make_request(ref, at=at), now=at).admitted
    report = make.make_report(ref, started_at=at, seconds=60 * minutes)
    settle.settle([report], now=at + timedelta(minutes=minutes))
    paying.wait(hours=1)
    collecting.collect(now=paying.now)


def _deliver(paying) -> None:
    for row_id in sending.due(now=paying.now):
        sending.send(row_id, now=paying.now)


@pytest.mark.browser
def test_the_customer_sees_overage_on_the_next_invoice(
    live_server, page, paying, owner, client_of
):
    paying.subscribe("starter")
    _talk_beyond(paying, 7)
    _deliver(paying)
    assert OverageDelivery.objects.get().state == "delivered"
    paying.wait(days=32)
    document = Document.objects.filter(kind="invoice").latest("issued_at")
    assert document.total == Decimal("207.50")

    session = client_of(owner).cookies["sessionid"].value
    page.context.add_cookies(
        [{"name": "sessionid", "value": session, "url": live_server.url}]
    )
    page.goto("/dashboard/billing/documents")
    row = page.locator("li, tr", has_text=document.number).first
    assert "207.50" in row.inner_text()
    page.goto(f"/dashboard/billing/documents/{document.pk}")
    shown = page.locator("main").inner_text()
    assert "3.50" in shown
    assert "204.00" in shown


def test_overage_is_not_lost_when_the_subscription_has_ended(paying, staff):
    paying.subscribe("starter")
    _talk_beyond(paying, 7)
    Subscription.objects.update(status="canceled", ended_at=paying.now)
    _deliver(paying)
    row = OverageDelivery.objects.get()
    assert (row.route, row.state) == ("none", "waiting")
    later = paying.now + timedelta(days=4)
    assert deciding.notice_unbilled(now=later) == 1
    assert Discrepancy.objects.get(kind="usage_unbilled").ours == "EUR 3.50"
    document = deciding.ask_apart(row.pk, reason="they left", actor=staff, now=later)
    assert (document.state, document.provider) == ("prepared", "stripe")
    for _ in range(2):
        issuing.issue_due(now=later)
    document.refresh_from_db()
    assert (document.state, document.total) == ("open", Decimal("3.50"))
    at_stripe = [one for one in paying.stripe.every("invoice") if one["total"] == 350]
    assert len(at_stripe) == 1
    cycles.roll_over(paying.organization.pk, now=paying.now)
