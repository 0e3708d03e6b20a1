"""Who guards the guards: each hole is opened again, and the test that closes it must fail.

A plant replaces a piece of one function, in Python or in the database, for the length of
one test.
"""

import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import connection, transaction

from metering import rating
from metering.balances import allocation, book, cycles
from metering.calls import batch, charging, sweep
from metering.verification.run import verify
from tests.metering import (
    test_batches,
    test_cycles,
    test_gate,
    test_ledger_races,
    test_settling,
    test_sweep,
)
from tests.metering import test_the_22_holes as holes
from tests.metering.story import begin

SQL = Path(inspect.getfile(book)).parents[1] / "migrations" / "sql"

# What a test says when something is wrong; a broken plant would raise something else.
WRONG = (AssertionError, DatabaseError, pytest.fail.Exception)


def _planted(owner: Any, name: str, old: str, new: str) -> Any:
    source = textwrap.dedent(inspect.getsource(_found(owner, name)))
    assert source.count(old) == 1, f"{name} has no place for this plant any more"
    module = owner if isinstance(owner, ModuleType) else inspect.getmodule(owner)
    names: dict[str, Any] = {}
    exec(source.replace(old, new), vars(module), names)  # noqa: S102
    return names[name]


def _found(owner: Any, name: str) -> Any:
    found = inspect.getattr_static(owner, name)
    return found.fget if isinstance(found, property) else found


def replace_function(file: str, name: str, old: str = "", new: str = "") -> None:
    """Put a database function in place again, with a piece of it replaced."""
    text = (SQL / f"{file}.sql").read_text()
    (source,) = re.findall(
        rf"CREATE (?:OR REPLACE )?FUNCTION {name}\(.*?\$\$;?\n.*?\$\$;", text, re.S
    )
    if old:
        assert old in source, f"{name} has no place for this plant any more"
    source = re.sub("^CREATE (OR REPLACE )?", "CREATE OR REPLACE ", source)
    with connection.cursor() as cursor:
        cursor.execute(source.replace(old, new, 1) if old else source)


# The place, what stands there, the bug, and the test that must see it.
PLANTS: list[tuple[Any, str, str, str, Callable[..., None]]] = [
    (
        book.Book,
        "close_cycle",
        "max(0, self.net - cycle.included)",
        "max(0, cycle.used - cycle.included)",
        holes.test_closing_does_not_take_overage_minutes_from_the_credit_again,
    ),
    (
        book.Book,
        "close_cycle",
        "min(max(0, -self.credit), unused)",
        "0",
        holes.test_debt_is_worked_off_and_does_not_block_for_ever,
    ),
    (
        allocation,
        "give_back",
        "in _own_then_newest(cycle, card.id)",
        "in ()",
        holes.test_counting_less_after_overage_takes_the_charge_back,
    ),
    (
        allocation,
        "post",
        "and share.minutes:",
        "and share.minutes > 0:",
        holes.test_an_estimate_that_was_too_long_takes_its_overage_back,
    ),
    (
        cycles,
        "change_card",
        "min(live.included, book.net + book.held)",
        "0",
        holes.test_a_smaller_plan_in_mid_month_makes_no_debt_of_minutes_that_were_paid,
    ),
    (
        charging,
        "_terms",
        "cycle = book.cycle(hold.cycle_id)",
        "cycle = book.live",
        holes.test_a_late_report_uses_the_month_that_admitted_it_and_then_credit,
    ),
    (
        book.Cycle,
        "plan_left",
        " - self.debt_repaid",
        "",
        holes.test_plan_minutes_that_repaid_debt_are_not_spent_again_by_a_late_report,
    ),
    (
        allocation,
        "_free_plan",
        " + min(book.credit, 0)",
        "",
        holes.test_what_debt_needs_of_the_plan_is_neither_granted_nor_used,
    ),
    (
        charging,
        "_terms",
        "book.terms(cycle, hold.card_id)",
        "book.terms(cycle)",
        holes.test_a_call_is_priced_by_the_card_that_admitted_it,
    ),
    (
        allocation,
        "use",
        "card = book.terms(book.live)",
        "pass",
        holes.test_where_the_admitting_card_cuts_off_the_card_in_force_charges_the_rest,
    ),
    (
        charging,
        "_terms",
        'book.terms(cycle, _uuid(call["rate_card_id"]))',
        "book.terms(cycle)",
        holes.test_minutes_go_back_at_the_price_of_the_card_that_charged_them,
    ),
    (
        rating,
        "within_hold",
        " + LATE_END_SECONDS",
        "",
        lambda now: holes.test_a_call_that_ends_a_little_after_its_cap_bills_its_hold(
            now, 30, 3, []
        ),
    ),
    (
        rating,
        "affordable_minutes",
        "start = price(position_seconds, card)",
        "return int(budget // card.tiers[0].unit_price)",
        holes.test_calls_at_once_never_promise_more_money_than_tiers_let_the_wallet_pay,
    ),
    (
        book.Book,
        "_foreign_holds",
        "if key != own and minutes > 0",
        "if False",
        holes.test_wallet_holds_outlive_a_change_of_card_and_the_end_of_the_month,
    ),
    (
        book.Book,
        "held",
        "for cycle in self.closed.values()",
        "for cycle in ()",
        holes.test_holds_of_the_old_month_still_count_in_the_new_one,
    ),
    (
        book.Book,
        "roll_over",
        "self.close_cycle(closed_at=now)",
        "self.close_cycle(closed_at=now);"
        " self.live.ends_at = months.next_boundary(self.anchor_at, now)",
        holes.test_months_rolled_over_late_are_the_months_of_the_clock,
    ),
    (
        book.Book,
        "_next_cycle",
        "self.rolls_until is None or starts_at < self.rolls_until",
        "True",
        holes.test_a_renewal_that_failed_grants_no_month,
    ),
    (
        cycles,
        "_is_near",
        "<= SAME_START_WITHIN",
        "== timedelta(0)",
        lambda now: (
            holes.test_a_payment_whose_period_starts_beside_our_anchor_opens_no_twin(
                now, cycles.timedelta(hours=5)
            )
        ),
    ),
    (
        rating,
        "minutes_of",
        "_ceil_div(seconds, 60)",
        "seconds // 60",
        holes.test_pools_pay_whole_minutes_whatever_the_increments,
    ),
    (
        allocation,
        "give_back",
        "minutes = min(minutes, cycle.used)",
        "pass",
        holes.test_used_minutes_never_fall_below_zero,
    ),
    (
        book.Cycle,
        "plan_left",
        "self.used - self.charged - self.credit_taken",
        "self.used - self.credit_taken",
        test_settling.test_a_late_report_finds_the_plan_minutes_that_charged_ones_did_not_use,
    ),
    (
        charging,
        "_is_settled",
        'and call["revision"] > 0',
        "and False",
        test_settling.test_the_same_report_again_changes_nothing,
    ),
    (
        charging,
        "_again",
        'call["duration_seconds"] == report.duration_seconds',
        "True",
        test_settling.test_another_length_for_a_settled_call_is_flagged_and_not_charged,
    ),
    (
        sweep,
        "_close",
        "hold.in_progress_at is None",
        "True",
        test_sweep.test_a_call_that_was_seen_running_is_estimated_up_to_its_cap,
    ),
    (
        charging,
        "apply",
        'if hold is not None and hold.state == "open":',
        "if False:",
        test_sweep.test_a_hold_of_a_settled_call_is_let_go,
    ),
    (
        cycles,
        "_fill",
        "covered or ",
        "",
        test_cycles.test_a_year_that_is_paid_late_fills_the_month_that_runs_by_then,
    ),
]

SQL_PLANTS: list[tuple[str, str, str, str, Callable[..., None]]] = [
    (
        "gate_admit",
        "gate_admit",
        "IF FOUND THEN",
        "IF false THEN",
        holes.test_the_duplicate_of_an_admitted_question_is_not_told_that_minutes_are_gone,
    ),
    (
        "gate_admit",
        "gate_admit",
        "minutes_held = minutes_held + v_minutes",
        "minutes_held = minutes_held",
        test_gate.test_the_last_minute_is_granted_and_then_none,
    ),
    (
        "gate_admit",
        "gate_admit",
        "AND revision > 0",
        "AND false",
        test_gate.test_a_call_whose_report_came_first_is_not_held,
    ),
    (
        "gate_admit",
        "gate_admit",
        "AND state = 'open' AND kind = 'call'",
        "AND state = 'open'",
        test_gate.test_holds_of_other_meters_are_not_calls_at_once,
    ),
    (
        "book",
        "book_write",
        "minutes_ceiling = r.minutes_ceiling,",
        "",
        test_cycles.test_a_bigger_plan_counts_at_once,
    ),
]

RACES = [
    (
        "gate_admit",
        "gate_admit",
        "WHERE organization_id = v_route.organization_id FOR NO KEY UPDATE",
        "WHERE organization_id = v_route.organization_id",
        test_ledger_races.test_of_twenty_callers_with_minutes_for_one_one_is_admitted,
    ),
    (
        "book",
        "book_lock",
        "ORDER BY organization_id",
        "ORDER BY random()",
        test_ledger_races.test_batches_over_many_organizations_wait_for_each_other_and_never_crosswise,
    ),
    (
        "settle",
        "settle_read",
        "RETURNS jsonb LANGUAGE plpgsql AS",
        "RETURNS jsonb LANGUAGE plpgsql STABLE AS",
        test_ledger_races.test_what_is_read_after_waiting_for_a_lock_is_fresh,
    ),
]


RACES_RUN_MAX = 8


def _again_and_again(guard, now) -> None:
    for _ in range(RACES_RUN_MAX):
        guard(now)


def _names(plants: list) -> list[str]:
    return [f"{plant[1]}-{plant[3][:20].strip()}" for plant in plants]


@pytest.mark.breaks_books
@pytest.mark.django_db
@pytest.mark.parametrize("plant", PLANTS, ids=_names(PLANTS))
def test_a_bug_in_python_is_seen(plant, now, monkeypatch):
    owner, name, old, new, guard = plant
    monkeypatch.setattr(owner, name, _planted(owner, name, old, new))
    with pytest.raises(WRONG):
        guard(now)


@pytest.mark.breaks_books
@pytest.mark.django_db
@pytest.mark.parametrize("plant", SQL_PLANTS, ids=_names(SQL_PLANTS))
def test_a_bug_in_the_database_is_seen(plant, now):
    file, name, old, new, guard = plant
    replace_function(file, name, old, new)
    with pytest.raises(WRONG), transaction.atomic():
        guard(now)


@pytest.mark.breaks_books
@pytest.mark.django_db
def test_minutes_held_without_a_hold_are_seen(now):
    """The one plant that no answer shows: only the books tell."""
    text = (SQL / "gate_admit.sql").read_text()
    (inserted,) = re.findall(r"INSERT INTO holds \(.*?;\n", text, re.S)
    replace_function("gate_admit", "gate_admit", inserted, "")
    begin(now).ask()
    broken = {finding.rule for finding in verify(now=now).findings}
    assert "minutes_held_are_the_open_holds" in broken
    assert "every_admission_holds" in broken
    transaction.set_rollback(True)


@pytest.mark.breaks_books
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("plant", RACES, ids=_names(RACES))
def test_a_missing_lock_is_seen(plant, now):
    file, name, old, new, guard = plant
    try:
        replace_function(file, name, old, new)
        # On a busy machine a race may go well by chance.
        with pytest.raises((*WRONG, IndexError)):
            _again_and_again(guard, now)
    finally:
        replace_function(file, name)


def test_a_batch_that_fails_whole_is_seen(monkeypatch):
    whole = _planted(
        batch, "_settle_all", "len(batch) == 1 or isinstance", "True or isinstance"
    )
    monkeypatch.setattr(batch, "_settle_all", whole)
    settler = test_batches.Settler()
    monkeypatch.setattr(batch, "settle", settler.settle)
    with pytest.raises(WRONG):
        test_batches.test_a_report_that_cannot_be_settled_fails_alone(settler)
