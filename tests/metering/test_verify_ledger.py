"""Each rule of `verify_ledger` finds the row that breaks it, by name."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import Organization
from metering.balances import cycles
from metering.calls import gate, statuses, sweep
from metering.calls.settle import settle
from metering.models import Allowance
from metering.usage import holds, record
from metering.usage.events import Use
from metering.verification.run import COMPUTED, RULES, verify
from tests.factories import metering as make
from tests.metering.breaks import BREAKS

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def told(now) -> tuple[Organization, Organization]:
    """An overage and a wallet organization, each with a closed and a running cycle, a call
    charged in either, one estimated, one refused and one running."""
    return _tell("overage", now), _tell("wallet", now)


def _tell(when_exhausted: str, now) -> Organization:
    card = make.make_card(
        when_exhausted=when_exhausted,
        included_minutes=2,
        overage_limit_minutes=20,
        calls_at_once_max=2,
    )
    make.make_rate(card, included="1", unit_price="0.01")
    owner = make.make_balances(card=card, now=now, credit_minutes=1, wallet="50")
    number = make.make_number(organization=owner, valid_from=now)
    _use_other_meters(owner, now)

    def admitted(at):
        ref = make.call_ref(number)
        assert gate.admit(make.make_request(ref, at=at), now=at).admitted
        return ref

    first = make.make_report(
        admitted(now), started_at=now, seconds=170, cost="0.5", with_message=True
    )
    settle([first], now=now + HOUR)
    lost = admitted(now + HOUR)
    statuses.apply(make.make_status(lost, at=now + HOUR), now=now + HOUR)
    sweep.run(now=now + 4 * HOUR)
    later = now + timedelta(days=40)
    second = make.make_report(
        admitted(later), started_at=later, seconds=175, cost="0.5", with_message=True
    )
    settle([second], now=later)
    for _ in range(2):
        running = admitted(later)
    refused = make.make_request(make.call_ref(number), at=later)
    assert gate.admit(refused, now=later).rule == "too_many_calls"
    _settle_one_of_two(running, later)
    return owner


def _use_other_meters(owner: Organization, now) -> None:
    """Events beyond what is included, one corrected; a hold that was settled, an open one."""
    record.record_api_call(owner, key="a", calls=3, now=now)
    correction = Use("api_call", Decimal(2), "b", corrects="a")
    assert record.record(owner, [correction], now=now)[0].error is None
    held = holds.hold(
        owner, meter="api_call", quantity=Decimal(2), reference="one", now=now
    )
    holds.settle(owner, hold_id=held.hold_id, quantity=Decimal(2), now=now)
    at = now + timedelta(days=40)
    holds.hold(owner, meter="api_call", quantity=Decimal(2), reference="two", now=at)


@pytest.fixture
def clock(monkeypatch, now) -> None:
    """The command runs when the story has just ended."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(days=40))


def _settle_one_of_two(ref, at) -> None:
    settle([make.make_report(ref, started_at=at, seconds=30, cost="0.1")], now=at)


def test_rows_that_add_up_are_checked_by_every_rule_and_found_right(told, now):
    verdict = verify(now=now + timedelta(days=40))
    assert verdict.is_ok, verdict.findings
    ours = [*(rule.name for rule in RULES), *COMPUTED]
    unchecked = [name for name in ours if not verdict.checked[name]]
    assert unchecked == []


def test_every_rule_is_broken_here():
    assert sorted(rule for rule, _ in BREAKS) == sorted(
        [*(rule.name for rule in RULES), *COMPUTED]
    )


def test_a_broken_row_is_found_and_named_by_each_rule(told, now):
    """One story, broken in one way after another; each is undone before the next."""
    not_found = []
    for rule, statement in BREAKS:
        undo = transaction.savepoint()
        if not _is_found(rule, statement, told, now + timedelta(days=40)):
            not_found.append(rule)
        transaction.savepoint_rollback(undo)
    assert not_found == []


def _is_found(rule: str, statement: str, told, at) -> bool:
    """Break a row and ask: of everybody, of its organization, and of the other one."""
    overage, wallet = told
    broken = _break(statement, told)
    owner, other = (wallet, overage) if "wallet_org" in statement else (overage, wallet)
    named = _named(rule, verify(now=at).findings)
    alone = _named(rule, verify(now=at, organization=owner).findings)
    return (
        bool(broken)
        and named == alone
        and broken <= {row for row, _ in named}
        and {slug for _, slug in named} == {owner.slug}
        and verify(now=at, organization=other).is_ok
    )


def _break(statement: str, told) -> set[str]:
    overage, wallet = (f"organization_id = '{owner.id}'" for owner in told)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement.format(org=overage, wallet_org=wallet))
        return {row for (row,) in cursor.fetchall()}


def _named(rule: str, findings) -> set[tuple[str, str]]:
    return {(found.row, found.organization) for found in findings if found.rule == rule}


def test_the_command_prints_json_for_a_program(told, clock):
    out = StringIO()
    call_command("verify_ledger", "--json", "--organization", told[0].slug, stdout=out)
    printed = json.loads(out.getvalue())
    assert printed["ok"] is True
    assert printed["findings"] == []
    assert printed["checked"]["minutes_used_are_the_sum_of_the_ledger"] == 1


@pytest.mark.breaks_books
def test_the_command_exits_with_one_and_names_the_row(told, clock):
    Allowance.objects.filter(organization=told[0]).update(minutes_ceiling=7777)
    out = StringIO()
    with pytest.raises(SystemExit) as exited:
        call_command("verify_ledger", "--json", stdout=out)
    assert exited.value.code == 1
    (found,) = json.loads(out.getvalue())["findings"]
    assert found["rule"] == "the_ceiling_is_what_the_books_allow"
    assert found["organization"] == told[0].slug
    assert found["row"] == f"allowances {told[0].id}"
    assert found["found"] == "7777"


@pytest.mark.breaks_books
def test_the_command_says_in_plain_words_what_is_wrong(told, clock):
    Allowance.objects.filter(organization=told[0]).update(minutes_ceiling=7777)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_ledger", stdout=out)
    assert f"allowances {told[0].id} of {told[0].slug}" in out.getvalue()
    assert "found 7777" in out.getvalue()


def test_an_unknown_organization_is_an_error_and_not_a_clean_bill():
    with pytest.raises(CommandError, match="no organization"):
        call_command("verify_ledger", "--organization", "nobody")


@pytest.mark.django_db(transaction=True)
def test_the_check_reads_one_snapshot_and_may_not_write(told, now):
    verify(now=now)
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_cycles_that_nothing_happened_in_add_up_too(now):
    owner = make.make_balances(now=now)
    cycles.roll_over(owner.id, now=now + timedelta(days=400))
