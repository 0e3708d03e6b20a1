"""A subscription that is ended at once, by whom ever: what was used beyond the plan is on its
last invoice, or is given to staff; never lost, never asked for twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.invoices import issuing
from billing.models import Discrepancy, Document, OverageDelivery
from billing.overage import deciding, ending
from billing.reconciling import comparing as lists
from tests.billing.stripe.talking import deliver, talk

METER_EVENTS = "/v1/billing/meter_events"
ITEM, METER, NONE = "item", "meter", "none"


def _end(paying, **how: str) -> None:
    """As staff do in the provider's own dashboard."""
    query = "&".join(f"{name}={value}" for name, value in how.items())
    paying.stripe.delete(f"subscriptions/{paying.at_stripe['id']}?{query}")
    paying.hear()
    paying.wait(hours=3)


def _ways() -> list[tuple[str, str]]:
    rows = OverageDelivery.objects.order_by("id")
    return list(rows.values_list("route", "state"))


def _asked_apart(paying, staff) -> Document:
    row = OverageDelivery.objects.filter(route=NONE).earliest("id")
    document = deciding.ask_apart(row.pk, reason="ended", actor=staff, now=paying.now)
    issuing.issue_due(now=paying.now)
    document.refresh_from_db()
    return document


def test_with_a_last_invoice_that_has_it_nothing_is_left(using):
    _end(using, invoice_now="true")
    assert ending.settle_ended(now=using.now) == 1
    assert _ways() == [(METER, "delivered")]
    assert Document.objects.latest("issued_at").total == Decimal("3.50")
    assert not Discrepancy.objects.exists()
    assert ending.settle_ended(now=using.now) == 0


def test_without_a_last_invoice_it_is_given_to_staff_and_asked_for_once(using, staff):
    _end(using)
    assert _ways() == [(METER, "delivered")]
    for _ in range(2):
        ending.settle_ended(now=using.now)
    assert _ways() == [(NONE, "waiting")]
    [told] = Discrepancy.objects.filter(settled_at=None)
    assert (told.kind, told.ours) == ("usage_unbilled", "EUR 3.50")
    document = _asked_apart(using, staff)
    assert (document.state, document.total) == ("open", Decimal("3.50"))
    assert not Discrepancy.objects.filter(settled_at=None).exists()
    using.wait(days=40)
    assert sum(one["total"] == 350 for one in using.stripe.every("invoice")) == 1


def test_minutes_that_came_after_the_last_invoice_alone_are_given_to_staff(using):
    using.stripe.control("settings", draft_seconds="0")
    stripe, subscription = using.stripe, using.at_stripe["id"]
    talk(using, 4, hours=0)
    stripe.delete(f"subscriptions/{subscription}?invoice_now=true")
    using.stripe.control("clock", seconds="300")
    # Not heard of yet: the meter takes them, and no invoice counts them any more.
    deliver(using)
    using.hear()
    using.wait(hours=3)
    ending.settle_ended(now=using.now)
    assert _ways() == [(METER, "delivered"), (NONE, "waiting")]
    assert Discrepancy.objects.get(settled_at=None).ours == "EUR 2.00"


@pytest.mark.parametrize(
    ("kind", "is_invoiced"), [("lost_answer", True), ("no_answer", True), ("500", False)]
)
def test_minutes_whose_sending_is_in_doubt_are_what_the_last_invoice_says(
    using, monkeypatch, kind, is_invoiced
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    using.stripe.control("faults", kind=kind, times="3", method="POST", path=METER_EVENTS)
    talk(using, 4)
    deliver(using)
    using.stripe.control("faults/clear")
    _end(using, **({"invoice_now": "true"} if is_invoiced else {}))
    for _ in range(2):
        using.wait(seconds=900)
        deliver(using)
    assert _ways()[1] == (METER, "uncertain")
    ending.settle_ended(now=using.now)
    expected = {
        "lost_answer": [(METER, "delivered"), (METER, "delivered")],
        "no_answer": [(METER, "delivered"), (NONE, "waiting")],
        "500": [(NONE, "waiting"), (NONE, "waiting")],
    }
    assert _ways() == expected[kind]


def test_an_item_that_waits_is_taken_back_and_asked_for_once(using, staff):
    row = OverageDelivery.objects.get()
    OverageDelivery.objects.update(state="refused")
    deciding.put_on_next_invoice(row.pk, reason="agreed", actor=staff, now=using.now)
    deliver(using)
    assert _ways() == [(ITEM, "delivered")]
    _end(using)
    ending.settle_ended(now=using.now)
    assert using.stripe.get("invoiceitems", pending="true")["data"] == []
    assert _ways() == [(NONE, "waiting")]
    assert _asked_apart(using, staff).total == Decimal("3.50")


def test_who_dies_after_taking_an_item_back_finds_it_gone(using, staff, monkeypatch):
    row = OverageDelivery.objects.get()
    OverageDelivery.objects.update(state="refused")
    deciding.put_on_next_invoice(row.pk, reason="agreed", actor=staff, now=using.now)
    deliver(using)
    _end(using)

    class Killed(BaseException):
        pass

    def die(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(ending, "_apply", die)
        with pytest.raises(Killed):
            ending.settle_ended(now=using.now)
    assert _ways() == [(ITEM, "uncertain")]
    assert ending.settle_ended(now=using.now) == 1
    assert _ways() == [(NONE, "waiting")]


def test_with_the_next_subscription_it_goes_on_its_invoice_and_on_no_meter(using):
    """Its meter counts from its own beginning; what is older would be counted by nobody."""
    _end(using)
    using.subscribe("starter")
    ending.settle_ended(now=using.now)
    deliver(using)
    assert _ways() == [(ITEM, "delivered")]
    assert Discrepancy.objects.filter(settled_at=None).count() == 0
    using.wait(days=32)
    assert Document.objects.latest("issued_at").total == Decimal("207.50")


def test_usage_between_two_subscriptions_is_on_no_meter(using):
    using.stripe.delete(f"subscriptions/{using.at_stripe['id']}")
    talk(using, 4, hours=0)
    using.hear()
    using.wait(hours=3)
    using.subscribe("starter")
    ending.settle_ended(now=using.now)
    deliver(using)
    assert {route for route, _ in _ways()} == {ITEM}


def test_an_end_that_was_not_heard_of_is_learnt_by_reconciling(using):
    using.stripe.delete(f"subscriptions/{using.at_stripe['id']}")
    using.stripe.control("clock", hours="3")
    lists.reconcile(using.provider, since=using.now - timedelta(days=1), now=using.now)
    assert using.subscription.status == "canceled"
    ending.settle_ended(now=using.now)
    assert _ways() == [(NONE, "waiting")]


def test_an_end_whose_event_is_long_forgotten_is_learnt_from_the_list(using):
    using.stripe.delete(f"subscriptions/{using.at_stripe['id']}")
    using.stripe.control("clock", days="3")
    outcome = lists.reconcile(using.provider, since=using.now, now=using.now, dry_run=True)
    assert [one.theirs for one in outcome.differences] == ["gone"]
    assert using.subscription.status == "active"
    outcome = lists.reconcile(using.provider, since=using.now, now=using.now)
    assert (outcome.missed_events, outcome.differences) == (0, ())
    assert using.subscription.status == "canceled"
    ending.settle_ended(now=using.now)
    assert _ways() == [(NONE, "waiting")]


def test_a_draft_that_nobody_closes_is_told_to_staff_until_it_is_closed(using):
    """Whoever is ended within the hour of a renewal has its draft stopped."""
    using.stripe.control("settings", draft_seconds="7200")
    using.wait(days=28)
    _end(using)
    [draft] = [one for one in using.stripe.every("invoice") if one["status"] == "draft"]
    assert ending.settle_ended(now=using.now) == 0
    assert not Discrepancy.objects.exists()
    using.wait(days=4)
    assert ending.settle_ended(now=using.now) == 0
    assert draft["id"] in Discrepancy.objects.get(settled_at=None).theirs
    using.stripe.post(f"invoices/{draft['id']}/finalize")
    assert ending.settle_ended(now=using.now) == 1
    assert _ways() == [(METER, "delivered")]
    assert not Discrepancy.objects.filter(settled_at=None).exists()
