"""Of many calls that one task works on, each line names its own."""

from datetime import timedelta

import pytest

from metering.calls import inbox, sweep
from metering.models import InboundMessage
from servicebilling.lib.logs import context
from tests.metering.story import begin

pytestmark = pytest.mark.django_db


def test_a_hold_that_fails_after_another_was_settled_is_told_as_itself(
    now, lines, monkeypatch
):
    first, second = begin(now), begin(now)
    settled, failing = first.admitted(), second.admitted()
    first.seen_running(settled)
    first.wait(hours=3)
    close = sweep._close

    def fail(hold, at):
        if hold.reference.endswith(failing.call_id):
            raise ValueError("broken")
        return close(hold, at)

    monkeypatch.setattr(sweep, "_close", fail)
    context.begin(task_id="the sweep's")

    assert sweep.run(now=first.now) == sweep.Swept(estimated=1, failed=1)

    [charged] = lines("call_settled")
    [failed] = [line for line in lines() if line["level"] == "error"]
    told = [
        (line["call_id"], line["organization_id"], line["task_id"])
        for line in (charged, failed)
    ]
    assert told == [
        (settled.call_id, str(first.owner.pk), "the sweep's"),
        (failing.call_id, str(second.owner.pk), "the sweep's"),
    ]
    assert context.current() == {"task_id": "the sweep's"}


def test_messages_that_are_tried_again_name_their_own_call(now, lines, monkeypatch):
    for number in range(2):
        InboundMessage.objects.create(
            provider="vapi",
            kind="status-update",
            external_id=str(number),
            provider_call_id=f"call-{number}",
            body={},
            state="received",
            received_at=now,
            next_attempt_at=now,
        )

    def fail(row, at):
        context.bind(call_id=row.provider_call_id, organization_id="its own")
        raise ValueError("broken")

    monkeypatch.setattr(inbox, "_process_row", fail)
    context.begin()

    assert inbox.retry_due(now=now + timedelta(seconds=1)) == {"failed": 2}

    errors = [line for line in lines() if line["level"] == "error"]
    assert sorted(line["call_id"] for line in errors) == ["call-0", "call-1"]
    assert context.current() == {}
