"""What an operator types: organizations, numbers and minutes, with plain words on failure."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, Organization, User
from billing import catalogue_loading
from metering.models import Agent, Allowance, Call, MinuteTransaction, PhoneNumber
from metering.verification.run import verify
from tests.payloads import NUMBER, NUMBER_ID, vapi_body
from tests.signing import vapi_secret

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
AFTER_THE_SAMPLES = datetime(2026, 11, 20, 15, 40, tzinfo=UTC)


@pytest.fixture(autouse=True)
def catalogue(db) -> None:
    catalogue_loading.load(now=NOW)


def _json(capsys, *words: str) -> dict:
    call_command(*words, "--json")
    return json.loads(capsys.readouterr().out)


def _acme(capsys) -> dict:
    return _json(
        capsys,
        "create_organization",
        "Acme Dental",
        "--owner-email=owner@acme.example",
        "--plan=cutoff",
        "--phone-number=+12025550143",
        "--phone-number-id=pn-1",
        "--assistant-id=as-1",
        "--timezone=Africa/Lagos",
    )


def test_an_organization_is_made_with_owner_plan_and_number(capsys) -> None:
    made = _acme(capsys)
    assert list(made) == [
        "organization_id",
        "slug",
        "owner_email",
        "owner_password",
        "plan",
        "phone_number",
        "assistant_id",
    ]
    organization = Organization.objects.get(slug="acme-dental")
    assert str(organization.pk) == made["organization_id"]
    assert organization.timezone == "Africa/Lagos"
    assert organization.owner.check_password(made["owner_password"])
    assert organization.allowance.plan_minutes == 100
    number = PhoneNumber.objects.get(provider_number_id="pn-1")
    assert number.agent.provider_assistant_id == "as-1"


def test_the_same_command_twice_takes_no_number_away(capsys) -> None:
    _acme(capsys)
    with pytest.raises(CommandError, match="is acme-dental's; map_number moves it"):
        _json(
            capsys,
            "create_organization",
            "Acme Dental",
            "--owner-email=owner@acme.example",
            "--plan=cutoff",
            "--phone-number=+12025550143",
            "--phone-number-id=pn-1",
        )
    assert Organization.objects.count() == 1


def test_a_known_owner_keeps_the_password(capsys) -> None:
    _acme(capsys)
    second = _json(
        capsys,
        "create_organization",
        "Acme Two",
        "--owner-email=OWNER@acme.example",
        "--plan=none",
    )
    assert "owner_password" not in second
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plan=platinum"], "no plan 'platinum'"),
        (["--plan=cutoff", "--timezone=Mars/Olympus"], "time zone"),
        (["--plan=cutoff", "--phone-number=12", "--phone-number-id=x"], "E.164"),
        (["--plan=cutoff", "--phone-number=+12025550143"], "go together"),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(words, said) -> None:
    with pytest.raises(CommandError, match=said):
        call_command(
            "create_organization", "Nope", "--owner-email=nope@acme.example", *words
        )
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_an_assistant_of_another_organization_is_refused(capsys) -> None:
    _acme(capsys)
    with pytest.raises(CommandError, match="another organization"):
        call_command(
            "create_organization",
            "Thief",
            "--owner-email=thief@example.net",
            "--plan=cutoff",
            "--assistant-id=as-1",
        )
    assert Organization.objects.count() == 1


def test_a_number_changes_hands_and_its_past_stays(capsys) -> None:
    _acme(capsys)
    call_command(
        "create_organization", "Other", "--owner-email=o@other.example", "--plan=cutoff"
    )
    capsys.readouterr()
    mapped = _json(
        capsys,
        "map_number",
        "other",
        "--phone-number=+12025550143",
        "--phone-number-id=pn-1",
        "--assistant-id=as-2",
    )
    assert mapped["organization"] == "other"
    before, after = PhoneNumber.objects.order_by("valid_from")
    assert (before.organization.slug, before.valid_to) == ("acme-dental", after.valid_from)
    assert after.organization.slug == "other"


def test_histories_of_a_number_never_overlap(capsys) -> None:
    _acme(capsys)
    call_command(
        "create_organization", "Other", "--owner-email=o@other.example", "--plan=cutoff"
    )
    with pytest.raises(CommandError, match="acme-dental"):
        call_command(
            "map_number",
            "other",
            "--phone-number=+12025550143",
            "--phone-number-id=pn-1",
            "--from=1960-01-01",
        )


def test_a_past_that_is_settled_is_not_rewritten(capsys) -> None:
    _acme(capsys)
    for words, said in [
        (["--phone-number-id=pn-1", "--from=1960-01-01"], "cannot be rewritten"),
        (["--phone-number-id=pn-2", "--from=yesterday"], "not an ISO date"),
        (["--phone-number-id=pn-2", "--agent-name=Ann"], "needs --assistant-id"),
        ([f"--phone-number-id={'x' * 121}"], "1 to 120"),
    ]:
        with pytest.raises(CommandError, match=said):
            call_command("map_number", "acme-dental", "--phone-number=+12025550143", *words)
    assert PhoneNumber.objects.count() == 1


def test_mapping_again_changes_only_who_answers_and_leaves_a_trace(capsys) -> None:
    _acme(capsys)
    words = ["acme-dental", "--phone-number=+12025550143", "--phone-number-id=pn-1"]
    for _ in range(2):
        _json(capsys, "map_number", *words, "--assistant-id=as-2", "--agent-name=Ann")
    number = PhoneNumber.objects.get()
    assert (number.agent.name, number.valid_to) == ("Ann", None)
    done = AuditEntry.objects.filter(action__startswith="number.").order_by("id")
    assert [entry.action for entry in done] == ["number.mapped", "number.changed"]
    assert done.last().detail["fields"] == ["agent_id"]

    _json(capsys, "map_number", *words, "--assistant-id=as-2", "--agent-name=Anna")
    assert AuditEntry.objects.filter(action="agent.described").count() == 1
    number.agent.refresh_from_db()
    assert number.agent.name == "Anna"


def test_a_refused_mapping_leaves_no_agent_behind(capsys) -> None:
    _acme(capsys)
    call_command(
        "create_organization", "Other", "--owner-email=o@other.example", "--plan=cutoff"
    )
    with pytest.raises(CommandError):
        call_command(
            "map_number",
            "other",
            "--phone-number=+12025550143",
            "--phone-number-id=pn-1",
            "--assistant-id=as-9",
            "--from=1960-01-01",
        )
    assert not Agent.objects.filter(provider_assistant_id="as-9").exists()


@pytest.mark.parametrize("at_once", [True, False])
def test_calls_that_nobody_owned_are_charged_once_their_number_is_given_away(
    capsys, client, monkeypatch, at_once
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: AFTER_THE_SAMPLES)
    for sample in ("02", "03", "04"):
        client.post(
            "/api/webhooks/vapi",
            vapi_body(sample),
            content_type="application/json",
            headers=vapi_secret(),
        )
    number = [f"--phone-number={NUMBER}", f"--phone-number-id={NUMBER_ID}"]
    call_command(
        "create_organization",
        "Acme",
        "--owner-email=a@acme.example",
        "--plan=cutoff",
        *(number if at_once else []),
    )
    if not at_once:
        assert not Call.objects.exists()
        capsys.readouterr()
        assert _json(capsys, "map_number", "acme", *number)["settled"] == 3
    assert Call.objects.get().billed_minutes == 3
    assert Allowance.objects.get().minutes_used_this_cycle == 3
    assert verify(now=AFTER_THE_SAMPLES).findings == []


def test_minutes_are_adjusted_with_a_ledger_row_and_a_trace(capsys) -> None:
    _acme(capsys)
    done = _json(
        capsys, "adjust_minutes", "acme-dental", "--credit=30", "--reason=goodwill"
    )
    assert (done["credit_minutes_before"], done["credit_minutes"]) == (0, 30)
    row = MinuteTransaction.objects.get(reference=done["reference"])
    assert (row.kind, row.credit_change, row.reason) == ("adjustment", 30, "goodwill")
    assert AuditEntry.objects.filter(action="minutes.adjusted").count() == 1


def test_a_dry_run_of_an_adjustment_keeps_nothing(capsys) -> None:
    _acme(capsys)
    done = _json(
        capsys,
        "adjust_minutes", "acme-dental", "--used=5", "--reason=a test", "--dry-run",
    )  # fmt: skip
    assert done["minutes_used_this_cycle"] == 5
    assert Allowance.objects.get().minutes_used_this_cycle == 0
    assert not MinuteTransaction.objects.exists()
    assert not AuditEntry.objects.filter(action="minutes.adjusted").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--credit=-1", "--reason=too much"], "0 credit minutes are free"),
        (["--used=101", "--reason=too much"], "100 minutes are free"),
        (["--used=-1", "--reason=too much"], "0 minutes were used"),
        (["--credit=1", "--reason= "], "needs a reason"),
        (["--credit=0", "--reason=nothing"], "A change of nothing"),
        (["--credit=99999999999", "--reason=a slip"], "at most 1,000,000 minutes"),
    ],
)
def test_an_adjustment_beyond_what_is_free_is_refused(capsys, words, said) -> None:
    _acme(capsys)
    with pytest.raises(CommandError, match=said):
        call_command("adjust_minutes", "acme-dental", *words)
    assert not MinuteTransaction.objects.exists()
