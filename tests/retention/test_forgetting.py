"""What is over its time goes; what was charged stays, and stays right."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection

from accounts import settings_history
from accounts.models import Invitation
from billing import forgetting, inbox
from billing.letters import writing
from billing.letters.wording import Words
from billing.models import Letter, PaymentEvent
from metering.calls import inbox as call_inbox
from metering.models import Allowance, Call, InboundMessage
from metering.verification.run import verify
from servicebilling.lib import forgetting as pieces
from tests.payloads import CALLER, vapi_body
from tests.webhooks.conftest import (
    acme,
    books_add_up,
    now,
    organization_with_number,
    post,
)

__all__ = ["acme", "books_add_up", "now", "organization_with_number", "post"]

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def forget(now, **options):
    return forgetting.forget(now=now, **options)


def bodies() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(string_agg(body::text, ''), '') FROM inbound_messages"
        )
        return cursor.fetchone()[0]


def test_after_thirty_days_the_texts_of_messages_are_gone_and_the_charge_is_not(
    organization_with_number, post, now
):
    for sample in ("01", "02", "04"):
        post(vapi_body(sample))
    call = Call.objects.get()
    assert CALLER in bodies()
    assert forget(now + 29 * DAY).call_messages == 0
    assert CALLER in bodies()

    assert forget(now + 31 * DAY).call_messages == InboundMessage.objects.count() > 0
    assert "+" not in bodies()
    assert "message" not in bodies()
    call.refresh_from_db()
    assert call.billed_minutes == 3
    assert verify(now=now + 31 * DAY).findings == []

    # The same report once more: known by its name, not by its text.
    used = Allowance.objects.get().minutes_used_this_cycle
    post(vapi_body("04"))
    assert Allowance.objects.get().minutes_used_this_cycle == used
    assert forget(now + 32 * DAY).call_messages == 0


def test_a_forgotten_message_is_not_replayed_into_nonsense(
    organization_with_number, post, now
):
    post(vapi_body("04"))
    forget(now + 31 * DAY)
    message = InboundMessage.objects.get(state="processed")
    assert not call_inbox.selected(ids=[message.pk])
    event = payment_event("done", "processed", now - 31 * DAY)
    forget(now)
    assert not inbox.selected(ids=[event.pk])
    assert inbox.replay([event.pk], now=now) == {"busy": 1}
    event.refresh_from_db()
    assert (event.state, event.body) == ("processed", {})


def payment_event(name: str, state: str, received_at) -> PaymentEvent:
    return PaymentEvent.objects.create(
        provider="stripe",
        external_id=name,
        kind="invoice.paid",
        body={"email": "olga@example.com"},
        state=state,
        received_at=received_at,
    )


def test_what_nobody_could_use_yet_waits_a_quarter_of_a_year(now):
    for state in ("parked", "quarantined", "received", "processed", "ignored"):
        payment_event(state, state, now - 60 * DAY)
    assert forget(now).payment_events == 2
    assert forget(now + 31 * DAY).payment_events == 3
    assert all(body == {} for body in PaymentEvent.objects.values_list("body", flat=True))


def test_staff_decide_how_long(now):
    payment_event("one", "processed", now - 8 * DAY)
    assert forget(now).payment_events == 0
    settings_history.set_value(
        "retention_days", 7, organization=None, actor="staff", now=now
    )
    assert forget(now + timedelta(seconds=1)).payment_events == 1


def test_old_letters_invitations_and_sessions_go(now, organization, owner):
    words = Words("News", "Something happened", ("It did.",))
    for about, age in (("old", 181), ("young", 179), ("old but waiting", 181)):
        writing.write(
            "receipt", words, organization=organization, about=about, now=now - age * DAY
        )
    Letter.objects.exclude(about="old but waiting").update(
        state="delivered", delivered_at=now
    )
    for number, age in enumerate((31, 29)):
        Invitation.objects.create(
            organization=organization,
            email=f"guest{number}@example.com",
            role="member",
            invited_by=owner,
            token_hash=str(number),
            expires_at=now - age * DAY,
        )
    Session.objects.create(session_key="over", expire_date=now - DAY)
    Session.objects.create(session_key="lives", expire_date=now + DAY)

    told = forget(now)
    assert (told.letters, told.invitations, told.sessions) == (1, 1, 1)
    assert not Letter.objects.filter(about="old").exists()
    assert Invitation.objects.get().email == "guest1@example.com"
    assert Session.objects.get().session_key == "lives"


def test_it_works_in_pieces_and_goes_on_where_it_was_stopped(now, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_SIZE", 10)
    for number in range(35):
        payment_event(str(number), "processed", now - 31 * DAY)

    class Killed(BaseException):
        pass

    seen = []

    def progress(kind):
        def told(done):
            seen.append((kind, done))
            if len(seen) == 2:
                raise Killed

        return told

    with pytest.raises(Killed):
        forget(now, progress=progress)
    assert PaymentEvent.objects.exclude(redacted_at=None).count() == 20
    assert forget(now, progress=progress).payment_events == 15
    assert seen == [("payment events", 10)] * 3 + [("payment events", 5)]


def test_the_command_counts_first_and_tells_a_program(now):
    payment_event("one", "processed", now - 31 * DAY)

    def run(*words: str) -> str:
        out = StringIO()
        call_command("purge_personal_data", *words, stdout=out)
        return out.getvalue()

    dry = json.loads(run("--dry-run", "--json"))
    assert (dry["payment_events"], dry["dry_run"]) == (1, True)
    assert PaymentEvent.objects.get().body != {}
    assert "payment events: 1 forgotten" in run()
    assert "payment events: nothing forgotten" in run()
