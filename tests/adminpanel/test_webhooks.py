"""Staff see what came in and what goes out, why it failed, and do it again with their eyes
open."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from adminpanel.webhooks import reports
from billing import tasks
from billing.models import OverageDelivery, PaymentEvent
from metering.calls import gate, rehearsal, settle
from metering.models import Allowance, Call, InboundMessage, MinuteTransaction
from metering.verification.run import verify
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def number(organization):
    make.make_balances(organization=organization, now=NOW)
    return make.make_number(organization=organization, valid_from=NOW)


def message(number, **fields) -> InboundMessage:
    defaults = {
        "provider": "vapi",
        "kind": "end-of-call-report",
        "external_id": f"one {InboundMessage.objects.count()}",
        "body": {
            "message": {
                "type": "end-of-call-report",
                "cost": 0.7654,
                "startedAt": NOW.isoformat(),
                "endedAt": (NOW + timedelta(seconds=61)).isoformat(),
                "call": {
                    "id": "stored",
                    "type": "inboundPhoneCall",
                    "phoneNumberId": number.provider_number_id,
                },
            }
        },
        "state": "parked",
        "attempts": 10,
        "error": "it broke",
        "provider_call_id": "stored",
        "received_at": NOW,
    }
    return InboundMessage.objects.create(**defaults | fields)


def test_rehearsal_tells_the_difference_and_changes_nothing(number):
    row = message(number)

    (told,) = rehearsal.rehearse([row.pk], now=NOW)

    changes = {one.what: (one.before, one.after) for one in told.changes}
    assert changes["message"] == ("parked", "processed")
    assert changes["call billed_minutes"] == (None, 2)
    row.refresh_from_db()
    assert (row.state, row.error) == ("parked", "it broke")
    assert not Call.objects.exists()
    assert Allowance.objects.get().minutes_used_this_cycle == 0


def test_replay_is_shown_first_then_done_once_with_a_trace(number, in_group, client_of):
    row = message(number)
    browser = client_of(in_group("support"))
    place = reverse("adminpanel:webhooks-replay")

    shown = browser.post(place, {"id": row.pk}).content.decode()
    assert "call billed_minutes" in shown
    assert "call cost" not in shown
    assert not Call.objects.exists()

    for _ in range(2):
        reply = browser.post(place, {"id": row.pk, "confirm": "yes"})
        assert reply.status_code == 302
    assert Call.objects.get().billed_minutes == 2
    assert MinuteTransaction.objects.filter(kind="usage").count() == 1
    assert verify(now=timezone.now()).findings == []
    row.refresh_from_db()
    assert row.state == "processed"
    assert AuditEntry.objects.filter(action="messages.replayed").count() == 2


@pytest.mark.parametrize("ids", [["x"], ["1"] * 51])
def test_what_is_no_choice_of_messages_is_refused(in_group, client_of, ids):
    reply = client_of(in_group("support")).post(
        reverse("adminpanel:webhooks-replay"), {"id": ids}
    )

    assert reply.status_code == 400


def test_inbox_is_narrowed_and_paged(number):
    rows = [message(number) for _ in range(5)]
    other = message(number, state="unmatched", kind="status-update")
    InboundMessage.objects.filter(pk=rows[0].pk).update(provider_call_id="another")
    source = reports.SOURCES["telephony"]

    def found(**asked):
        return [int(line.id) for line in reports.page(source, now=NOW, **asked).lines]

    assert found(state="unmatched") == found(kind="status-update") == [other.pk]
    assert found(subject="another") == [rows[0].pk]
    first = reports.page(source, now=NOW, limit=4)
    rest = reports.page(source, now=NOW, limit=4, cursor=first.next)
    seen = [int(line.id) for line in (*first.lines, *rest.lines)]
    assert seen == [one.pk for one in (other, *reversed(rows))]


def test_message_shows_body_error_and_attempts_and_no_cost_to_support(
    number, in_group, client_of
):
    place = reverse("adminpanel:webhook-message", args=[message(number).pk])

    for group, sees in (("finance", True), ("support", False)):
        shown = client_of(in_group(group)).get(place).content.decode()
        assert "it broke" in shown
        assert "phoneNumberId" in shown
        assert ("0.7654" in shown) == sees


@pytest.mark.parametrize("source", reports.SOURCES)
def test_every_box_opens_and_costs_the_same_however_full(
    source, number, in_group, client_of, django_assert_max_num_queries
):
    for _ in range(6):
        message(number)
    browser = client_of(in_group("finance"))

    with django_assert_max_num_queries(16):
        reply = browser.get(reverse("adminpanel:webhooks"), {"source": source})

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"source": "nothing"}, 404),
        ({"state": "nothing"}, 400),
        ({"cursor": "nothing"}, 400),
        ({"source": "customers", "subject": "no id"}, 400),
    ],
)
def test_address_that_makes_no_sense_is_refused(in_group, client_of, query, status):
    reply = client_of(in_group("finance")).get(reverse("adminpanel:webhooks"), query)

    assert reply.status_code == status


def test_what_was_charged_would_not_be_charged_again(number):
    ref = make.call_ref(number, call_id="stored")
    gate.admit(make.make_request(ref, at=NOW), now=NOW)
    report = make.make_report(ref, started_at=NOW, seconds=61, cost="0.7654")
    settle.settle([report], now=NOW + timedelta(seconds=61))
    row = message(number)

    (told,) = rehearsal.rehearse([row.pk], now=NOW)

    assert {one.what for one in told.changes} <= {"message"}


def event(**fields) -> PaymentEvent:
    defaults = {
        "provider": "stripe",
        "kind": "invoice.paid",
        "external_id": f"evt_{PaymentEvent.objects.count()}",
        "state": "parked",
        "attempts": 10,
        "error": "it broke",
        "received_at": NOW,
    }
    return PaymentEvent.objects.create(**defaults | fields)


def test_payment_events_are_processed_again_by_the_worker_many_at_once(
    in_group, client_of, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr(tasks, "wake", woken.append)
    rows = [event(), event(state="processed", attempts=1), event()]
    browser = client_of(in_group("finance"))
    chosen = {"source": "payments", "id": [row.pk for row in rows[:2]]}
    place = reverse("adminpanel:webhooks-replay")

    shown = browser.post(place, chosen).content.decode()
    assert "Process 2 messages" in shown
    assert set(PaymentEvent.objects.values_list("attempts", flat=True)) == {1, 10}
    with django_capture_on_commit_callbacks(execute=True):
        done = browser.post(place, chosen | {"confirm": "yes"})

    assert done.url == reverse("adminpanel:webhooks") + "?source=payments"
    states = PaymentEvent.objects.order_by("pk").values_list("state", "attempts")
    assert list(states) == [("received", 0), ("received", 0), ("parked", 10)]
    assert woken == [row.pk for row in rows[:2]]
    entry = AuditEntry.objects.get(action="messages.replayed")
    assert (entry.detail["source"], entry.detail["outcomes"]) == ("payments", {"queued": 2})


def test_overage_goes_again_without_counting_twice(organization, in_group, client_of):
    make.make_balances(organization=organization, now=NOW)
    cycle = Allowance.objects.get().cycle
    rows = {
        state: OverageDelivery.objects.create(
            organization=organization,
            cycle=cycle,
            meter="api_call",
            sequence=number,
            key=f"key-{state}",
            provider="stripe",
            route="meter" if state == "refused" else "item",
            state=state,
            amount=1,
            currency="USD",
            occurred_at=NOW,
            created_at=NOW,
            delivered_at=NOW if state == "delivered" else None,
            next_attempt_at=NOW + timedelta(days=1) if state == "waiting" else None,
        )
        for number, state in enumerate(["waiting", "refused", "delivered", "uncertain"])
    }
    ids = [row.pk for row in rows.values()]

    reply = client_of(in_group("finance")).post(
        reverse("adminpanel:webhooks-replay"),
        {"source": "overage", "id": ids, "confirm": "yes"},
    )

    assert reply.status_code == 302
    for row in rows.values():
        row.refresh_from_db()
    assert rows["waiting"].next_attempt_at <= timezone.now()
    assert (rows["refused"].state, rows["refused"].route) == ("waiting", "item")
    assert rows["delivered"].state == "delivered"
    assert rows["uncertain"].state == "uncertain"
    outcomes = AuditEntry.objects.get(action="messages.replayed").detail["outcomes"]
    assert outcomes == {"queued": 1, "on_next_invoice": 1, "left": 2}


@pytest.mark.parametrize("place", ["/api/webhooks/vapi", "/api/webhooks/stripe"])
def test_flood_of_strangers_fills_no_inbox(place, client, settings):
    settings.VAPI_WEBHOOK_SECRETS = ["right"]
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_right"]
    bodies = [b"{}", b"not json", b'{"message": {"type": "end-of-call-report"}}']
    headers = [{}, {"X-Vapi-Secret": "wrong", "Stripe-Signature": "t=1,v1=00"}]

    for number in range(30):
        reply = client.post(
            place,
            bodies[number % 3],
            content_type="application/json",
            headers=headers[number % 2],
        )
        assert 400 <= reply.status_code < 500

    assert not InboundMessage.objects.exists()
    assert not PaymentEvent.objects.exists()
