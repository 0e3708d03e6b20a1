"""What could not be processed when it came is processed later, once."""

from datetime import timedelta

import pytest

from metering import tasks
from metering.calls import inbox
from metering.models import Allowance, Call, Hold, InboundMessage
from servicebilling.lib import retrying
from tests.payloads import vapi_body, vapi_message
from tests.webhooks.conftest import NOW

pytestmark = pytest.mark.django_db

HALF_A_MINUTE = timedelta(seconds=30)


def minutes_used() -> int:
    return Allowance.objects.get().minutes_used_this_cycle


def test_report_that_cannot_be_charged_is_kept_with_its_error(defect, post):
    assert post(vapi_body("04")).status_code == 200

    kept = InboundMessage.objects.get()
    assert (kept.state, kept.attempts) == ("received", 1)
    assert kept.next_attempt_at == NOW + HALF_A_MINUTE
    assert "nothing_may_be_charged" in kept.error
    assert not Call.objects.exists()
    assert minutes_used() == 0


def test_kept_report_is_charged_once_it_can_be(defect, post):
    post(vapi_body("04"))
    defect()

    assert inbox.retry_due(now=NOW + timedelta(seconds=29)) == {}
    assert inbox.retry_due(now=NOW + HALF_A_MINUTE) == {"charged": 1}
    assert inbox.retry_due(now=NOW + timedelta(days=1)) == {}

    kept = InboundMessage.objects.get()
    assert (kept.state, kept.error, kept.next_attempt_at) == ("processed", "", None)
    assert kept.processed_at == NOW + HALF_A_MINUTE
    assert minutes_used() == 3


def test_kept_report_that_comes_again_is_charged_then(defect, post):
    post(vapi_body("04"))
    defect()

    post(vapi_body("04"))

    assert InboundMessage.objects.get().state == "processed"
    assert inbox.retry_due(now=NOW + timedelta(days=1)) == {}
    assert minutes_used() == 3


def test_attempts_grow_rarer_and_end_after_ten(defect, post, caplog):
    post(vapi_body("04"))
    waits = []
    for _ in range(9):
        kept = InboundMessage.objects.get()
        waits.append(kept.next_attempt_at)
        assert inbox.retry_due(now=kept.next_attempt_at) == {"failed": 1}

    kept = InboundMessage.objects.get()
    assert (kept.state, kept.attempts, kept.next_attempt_at) == ("parked", 10, None)
    assert "is parked" in caplog.text
    between = [later - sooner for sooner, later in zip(waits, waits[1:], strict=False)]
    assert between[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert between == sorted(between)
    assert between[-1] <= retrying.BACKOFF_MAX


def test_attempt_that_never_ends_is_counted(defect, post):
    """Else a message that kills its worker would come back for ever."""
    post(vapi_body("04"))

    assert len(inbox._claim(NOW + HALF_A_MINUTE, 10)) == 1

    kept = InboundMessage.objects.get()
    assert kept.attempts == 2
    assert inbox._claim(NOW + HALF_A_MINUTE, 10) == []
    assert len(inbox._claim(NOW + HALF_A_MINUTE + retrying.LEASE, 10)) == 1


def test_parked_report_is_charged_when_it_is_replayed(defect, post):
    post(vapi_body("04"))
    InboundMessage.objects.update(state="parked", attempts=10, next_attempt_at=None)
    kept = InboundMessage.objects.get()

    (failed,) = inbox.replay([kept.pk], now=NOW)
    assert failed.outcome == "failed"
    assert "nothing_may_be_charged" in failed.error
    kept.refresh_from_db()
    assert kept.state == "parked"

    defect()
    (replayed,) = inbox.replay([kept.pk], now=NOW)
    assert replayed.outcome == "charged"
    assert minutes_used() == 3


def test_one_message_that_fails_does_not_keep_the_others(defect, post):
    post(vapi_body("04"))
    post(vapi_body("02"))
    InboundMessage.objects.update(state="received", next_attempt_at=NOW)

    assert inbox.retry_due(now=NOW) == {"failed": 1, "noted": 1}


def test_report_of_nobodys_number_waits_for_an_owner(db, post):
    for sample in ("01", "02", "03", "04"):
        assert post(vapi_body(sample)).status_code == 200

    states = dict(InboundMessage.objects.values_list("kind", "state"))
    assert states == {"status-update": "unmatched", "end-of-call-report": "unmatched"}
    assert not Call.objects.exists()


def test_unmatched_messages_are_settled_when_the_number_finds_its_owner(
    request, acme, post
):
    for sample in ("02", "03", "04", "07"):
        post(vapi_body(sample))
    request.getfixturevalue("organization_with_number")

    assert inbox.settle_unmatched(now=NOW) == 4

    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"processed"}
    assert minutes_used() == 4
    # Its report was there: nothing is held for a call that has ended.
    assert not Hold.objects.exists()
    assert inbox.settle_unmatched(now=NOW) == 0
    assert minutes_used() == 4


def test_messages_of_other_numbers_stay_unmatched(organization_with_number, post):
    message = vapi_message("04", call__phoneNumberId="unknown", call__assistantId="unknown")
    post(message)

    assert inbox.settle_unmatched(now=NOW) == 0
    assert InboundMessage.objects.get().state == "unmatched"


def test_replaying_everything_changes_nothing(organization_with_number, post):
    for number in range(1, 9):
        post(vapi_body(f"{number:02}"))
    before = _state()

    outcomes = [one.outcome for one in inbox.replay(_all_ids(), now=NOW)]

    assert sorted(outcomes) == ["already"] * 4 + ["ignored"] + ["noted"] * 2
    assert _state() == before


def test_dry_run_tells_what_would_be_and_keeps_nothing(request, acme, post):
    post(vapi_body("04"))
    request.getfixturevalue("organization_with_number")

    (told,) = inbox.replay(_all_ids(), now=NOW, dry_run=True)

    assert told.outcome == "charged"
    assert InboundMessage.objects.get().state == "unmatched"
    assert minutes_used() == 0


def test_quarantined_message_stays_so_when_it_is_replayed(organization_with_number, post):
    post(vapi_message("04", cost=-1))

    (told,) = inbox.replay(_all_ids(), now=NOW)

    assert told.outcome == "quarantined"
    kept = InboundMessage.objects.get()
    assert (kept.state, kept.error) == ("quarantined", "the cost is negative")


def test_message_is_judged_by_when_it_came_and_not_by_when_it_is_replayed(
    request, acme, post
):
    post(vapi_body("04"))
    request.getfixturevalue("organization_with_number")

    (told,) = inbox.replay(_all_ids(), now=NOW + timedelta(days=5))

    assert told.outcome == "charged"


def test_only_unreadable_bodies_are_forgotten_and_only_after_a_week(db, post):
    post(b"{broken")
    post(vapi_message("04", cost=-1))
    post(vapi_message("04"))

    assert inbox.purge(now=NOW + timedelta(days=7)) == 0
    assert inbox.purge(now=NOW + timedelta(days=7, seconds=1)) == 1

    states = InboundMessage.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["quarantined", "unmatched"]


def test_task_retries_once_in_each_period(defect, post, monkeypatch):
    post(vapi_body("04"))
    defect()
    later = NOW + timedelta(minutes=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)

    tasks.retry_messages()
    assert minutes_used() == 3

    InboundMessage.objects.update(state="received", next_attempt_at=NOW)
    tasks.retry_messages()
    assert InboundMessage.objects.get().state == "received"


def test_task_forgets_unreadable_bodies(db, post, monkeypatch):
    post(b"{broken")
    later = NOW + timedelta(days=8)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)

    tasks.purge()

    assert not InboundMessage.objects.exists()


def _all_ids() -> list[int]:
    return list(InboundMessage.objects.order_by("id").values_list("id", flat=True))


def _state() -> list:
    return [
        list(Call.objects.order_by("id").values()),
        list(Allowance.objects.values()),
        list(Hold.objects.order_by("id").values("state", "minutes")),
        list(InboundMessage.objects.order_by("id").values("external_id", "state", "body")),
    ]
