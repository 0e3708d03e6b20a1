"""Reports that never come: the provider is asked, and its list compared with ours."""

import json
import threading
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from metering.calls import gate, outbound, reconcile, set_up, sweep
from metering.errors import PlacingUnclear
from metering.models import (
    Allowance,
    Call,
    CallDifference,
    Hold,
    InboundMessage,
    MinuteTransaction,
    Placement,
    Reconciliation,
    SetUpFinding,
)
from metering.providers.base import ProviderError
from metering.verification.run import verify
from servicebilling.sandbox.vapi import calls
from tests.factories import metering as make
from tests.signing import vapi_secret

HOUR = timedelta(hours=1)


@pytest.fixture
def acme(db):
    month = timezone.now() - timedelta(days=3)
    return make.make_balances(now=month, card=make.make_card(included_minutes=500))


@pytest.fixture
def line(acme):
    return make.make_number(organization=acme, valid_from=datetime(2026, 1, 1, tzinfo=UTC))


def admitted(line, call_id: str) -> None:
    ref = make.call_ref(line, call_id=call_id)
    assert gate.admit(
        make.make_request(ref, at=timezone.now()), now=timezone.now()
    ).admitted


def talked(provider, line, *, talk_seconds: float | None = 90, admit: bool = True) -> dict:
    """A call that the provider knows from beginning to end; what was told of it is lost."""
    provider.control("next_calls", [{"talk_seconds": talk_seconds}])
    call = calls.create(
        provider.box,
        kind="outboundPhoneCall",
        assistant_id=line.agent.provider_assistant_id,
        number_id=line.provider_number_id,
        customer="+12025550178",
    )
    if admit:
        admitted(line, call["id"])
    provider.messages()
    return call


def minutes(acme) -> tuple[int, int]:
    found = Allowance.objects.get(organization=acme)
    return found.minutes_used_this_cycle, found.minutes_held


def later(**time: float) -> datetime:
    return timezone.now() + timedelta(**time)


@pytest.mark.django_db
class TestSweeping:
    def test_a_hold_past_its_end_is_settled_by_the_providers_answer(
        self, provider, acme, line
    ):
        talked(provider, line, talk_seconds=150)
        assert sweep.run(now=timezone.now()) == sweep.Swept()
        assert sweep.run(now=later(minutes=45)) == sweep.Swept(settled=1)
        assert minutes(acme) == (3, 0)
        assert (Call.objects.get().status, Call.objects.get().flags) == ("completed", [])
        assert verify(now=later(minutes=45)).findings == []

    def test_a_call_that_nobody_answered_costs_nothing(self, provider, acme, line):
        talked(provider, line, talk_seconds=None)
        assert sweep.run(now=later(minutes=45)) == sweep.Swept(settled=1)
        assert minutes(acme) == (0, 0)
        assert Call.objects.get().status == "failed"

    def test_a_call_that_the_provider_does_not_know_is_let_go_at_once(
        self, provider, acme, line
    ):
        admitted(line, "never-made")
        assert sweep.run(now=later(minutes=45)) == sweep.Swept(released=1)
        assert minutes(acme) == (0, 0)

    def test_a_silent_provider_is_waited_for_and_then_the_call_is_estimated(
        self, provider, acme, line
    ):
        call = talked(provider, line)
        Hold.objects.update(in_progress_at=timezone.now())
        provider.fault("500", method="GET", times=0)
        assert sweep.run(now=later(minutes=45)) == sweep.Swept()
        assert provider.requests("GET", f"/call/{call['id']}") == 1
        assert sweep.run(now=later(hours=2)) == sweep.Swept(estimated=1)
        assert minutes(acme) == (14, 0)

        # Once it speaks again, what it says replaces the estimate.
        provider.control("faults", method="DELETE")
        compared = reconcile.run(since=timezone.now() - HOUR, now=timezone.now())
        assert (compared.different, compared.settled) == (1, 1)
        assert minutes(acme) == (2, 0)
        assert verify(now=later(hours=2)).findings == []

    def test_a_call_that_runs_on_is_left_until_the_hour_is_over(self, provider, acme, line):
        provider.control("settings", {"pace": 0.0001})
        call = calls.create(
            provider.box,
            kind="webCall",
            assistant_id=line.agent.provider_assistant_id,
        )
        admitted(line, call["id"])
        provider.box.run_due()
        assert sweep.run(now=later(minutes=45)) == sweep.Swept()
        assert Hold.objects.get().in_progress_at
        assert sweep.run(now=later(hours=2)).estimated == 1

    def test_a_placement_whose_answer_was_lost_is_found_or_let_go(
        self, provider, acme, line
    ):
        wanted = outbound.Wanted("web", line.agent)
        for fault in ("lost_answer", "no_answer"):
            provider.fault(fault, method="POST")
            with pytest.raises(PlacingUnclear):
                outbound.place(acme, wanted, now=timezone.now())
        provider.messages()

        swept = sweep.run(now=later(hours=1, minutes=20))

        assert swept == sweep.Swept(settled=1, released=1)
        assert minutes(acme) == (2, 0)
        states = set(Placement.objects.values_list("state", flat=True))
        assert states == {"placed", "failed"}
        assert verify(now=timezone.now()).findings == []


@pytest.mark.django_db(transaction=True)
def test_sweeper_and_report_at_once_charge_once(provider, acme, line):
    for _ in range(4):
        provider.control("next_calls", [{"talk_seconds": 90}])
        call = calls.create(
            provider.box,
            kind="outboundPhoneCall",
            assistant_id=line.agent.provider_assistant_id,
            number_id=line.provider_number_id,
            customer="+12025550178",
        )
        admitted(line, call["id"])
    told = provider.messages()
    reports = [one for one in told if one["name"] == "end-of-call-report"]
    assert len(reports) == 4
    start = threading.Barrier(4)

    def at_once(act) -> None:
        start.wait()
        try:
            act()
        finally:
            connection.close()

    def post() -> None:
        for one in reports:
            Client().post(
                "/api/webhooks/vapi",
                json.dumps({"message": one["message"]}),
                content_type="application/json",
                headers=vapi_secret(),
            )

    acts = [
        lambda: sweep.run(now=later(minutes=45)),
        lambda: sweep.run(now=later(minutes=45)),
        lambda: reconcile.run(since=timezone.now() - HOUR, now=timezone.now()),
        post,
    ]
    threads = [threading.Thread(target=at_once, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert minutes(acme) == (8, 0)
    assert MinuteTransaction.objects.filter(kind="usage").count() == 4
    assert set(Call.objects.values_list("revision", flat=True)) == {1}
    assert verify(now=timezone.now()).findings == []


@pytest.mark.django_db
class TestReconciling:
    def test_all_four_kinds_are_told_and_what_can_be_is_settled(self, provider, acme, line):
        both, missed = talked(provider, line), talked(provider, line)
        unasked = talked(provider, line, admit=False)
        nobodys = calls.create(provider.box, kind="webCall", assistant_id="nobodys")
        provider.messages()
        sweep.run(now=later(minutes=45))
        Call.objects.filter(provider_call_id=missed["id"]).update(created_at=timezone.now())
        admitted(line, "ours-alone")
        Call.objects.filter(provider_call_id="ours-alone").update(
            created_at=timezone.now() - timedelta(minutes=20)
        )
        dry = reconcile.run(since=timezone.now() - HOUR, now=timezone.now(), dry_run=True)
        assert not Reconciliation.objects.exists()
        assert not CallDifference.objects.exists()

        found = reconcile.run(since=timezone.now() - HOUR, now=timezone.now())

        assert (found.both, found.theirs_only, found.ours_only) == (2, 2, 1)
        assert (dry.both, dry.theirs_only, dry.ours_only) == (2, 2, 1)
        assert found.settled == 1
        assert set(found.unresolved) == {nobodys["id"], "ours-alone"}
        rows = {one.provider_call_id: one for one in CallDifference.objects.all()}
        assert rows[unasked["id"]].outcome == "charged"
        assert rows[unasked["id"]].resolved_at
        assert rows[nobodys["id"]].outcome == "unmatched"
        assert rows["ours-alone"].result == "ours only"
        assert both["id"] not in rows
        run = Reconciliation.objects.get()
        assert (run.both, run.theirs_only, run.ours_only, run.settled) == (2, 2, 1, 1)
        assert run.finished_at

        again = reconcile.run(since=timezone.now() - HOUR, now=timezone.now())
        assert (again.both, again.theirs_only, again.settled) == (3, 1, 0)
        assert minutes(acme)[0] == 6

    def test_another_length_is_flagged_and_not_charged(self, provider, acme, line):
        call = talked(provider, line)
        sweep.run(now=later(minutes=45))
        Call.objects.update(duration_seconds=30)
        found = reconcile.run(since=timezone.now() - HOUR, now=timezone.now())
        Call.objects.update(duration_seconds=90)

        assert (found.different, found.unresolved) == (1, [call["id"]])
        assert Call.objects.get().flags == ["conflicting_report"]
        assert minutes(acme) == (2, 0)

        reconcile.run(since=timezone.now() - HOUR, now=timezone.now())
        assert CallDifference.objects.get().resolved_at

    def test_what_was_settled_is_a_message_that_can_be_replayed(self, provider, acme, line):
        talked(provider, line, admit=False)
        reconcile.run(since=timezone.now() - HOUR, now=timezone.now())
        message = InboundMessage.objects.get()
        assert (message.kind, message.state) == ("end-of-call-report", "processed")
        out = StringIO()
        call_command("replay_webhooks", "--id", str(message.pk), "--json", stdout=out)
        assert json.loads(out.getvalue())["outcomes"] == {"already": 1}

    def test_a_provider_that_breaks_off_is_told_and_the_next_run_begins_where_it_did(
        self, provider, acme
    ):
        whole = timezone.now() - HOUR
        reconcile.run(since=whole, now=whole + timedelta(minutes=1))
        provider.fault("500", path="/call")
        with pytest.raises(ProviderError):
            reconcile.run(since=whole, now=timezone.now())
        broken = Reconciliation.objects.order_by("-pk").first()
        assert broken.finished_at is None
        assert "500" in broken.error
        assert reconcile.next_since(now=timezone.now()) == whole + timedelta(minutes=1)

    def test_the_command_tells_and_fails_in_words(self, provider, acme, line, settings):
        talked(provider, line, admit=False)
        since = (timezone.now() - HOUR).isoformat()
        out = StringIO()
        call_command("reconcile_calls", "--since", since, "--json", stdout=out)
        assert json.loads(out.getvalue())["settled"] == 1
        settings.VAPI_API_KEY = ""
        with pytest.raises(CommandError, match="no telephony provider"):
            call_command("reconcile_calls", "--since", since)
        with pytest.raises(CommandError, match="ISO"):
            call_command("reconcile_calls", "--since", "yesterday")


@pytest.mark.django_db
class TestSetUp:
    def test_what_bypasses_us_is_listed_and_mended(self, provider, acme, line, settings):
        provider.control(
            "numbers",
            {
                "id": line.provider_number_id,
                "number": line.e164,
                "assistantId": "preset",
                "fallbackDestination": {"type": "number", "number": "+12025550199"},
                "server": {"url": "https://other.example/hook?secret=1"},
            },
        )
        provider.control("numbers", {"id": "nobodys", "assistantId": "preset"})
        provider.control(
            "assistants",
            {
                "id": line.agent.provider_assistant_id,
                "server": {"url": "https://other.example/hook"},
                "serverMessages": ["hang"],
            },
        )
        provider.control("settings", {"credits": "3.5"})
        out = StringIO()
        call_command("vapi_setup", "--dry-run", "--json", stdout=out)
        told = json.loads(out.getvalue())
        assert [one["number_id"] for one in told["changed"]] == [line.provider_number_id]
        assert not SetUpFinding.objects.exists()
        assert provider.box.numbers[line.provider_number_id]["assistantId"] == "preset"

        call_command("vapi_setup", "--json", stdout=StringIO())

        number = provider.box.numbers[line.provider_number_id]
        assert number["assistantId"] is None
        assert number["fallbackDestination"] is None
        assert number["server"]["url"].endswith("/api/webhooks/vapi")
        assert number["server"]["backoffPlan"]["maxRetries"] == 8
        assert provider.box.numbers["nobodys"]["assistantId"] == "preset"
        standing = set(
            SetUpFinding.objects.filter(resolved_at=None).values_list("subject", "problem")
        )
        assert standing == {
            ("assistant", "foreign server"),
            ("assistant", "reports off"),
            ("account", "low balance"),
        }

    def test_findings_stand_once_and_are_resolved(self, provider, acme, line):
        now = timezone.now()
        set_up.audit(now=now)
        set_up.audit(now=now + HOUR)
        found = SetUpFinding.objects.filter(subject="number").get()
        assert (found.problem, found.organization) == ("unknown to the provider", acme)
        assert found.first_seen_at == now
        assert found.last_seen_at == now + HOUR
        provider.control(
            "numbers",
            {
                "id": line.provider_number_id,
                "server": {
                    "url": "http://localhost:8000/api/webhooks/vapi",
                    "backoffPlan": {"maxRetries": 3},
                },
            },
        )
        set_up.audit(now=now + 2 * HOUR)
        found.refresh_from_db()
        assert found.resolved_at == now + 2 * HOUR
