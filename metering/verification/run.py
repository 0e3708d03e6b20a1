"""Check every rule in one snapshot and say which rows break one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import Organization
from metering.verification import (
    calls,
    computed,
    counters,
    cycles,
    further,
    holds,
    usage,
)
from metering.verification.rule import Finding, Rule

RULES = (*counters.RULES, *cycles.RULES, *holds.RULES, *calls.RULES, *usage.RULES)
COMPUTED = {
    computed.CEILING: computed.ceilings,
    computed.PRICE: computed.prices,
    computed.USAGE_PRICE: computed.usage_prices,
}

# Of each rule: a broken rule breaks every row, and nobody reads a million lines.
FINDINGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """`checked` counts the rows per rule. A rule that checked none proves nothing."""

    checked: dict[str, int]
    findings: list[Finding]

    @property
    def is_ok(self) -> bool:
        return not self.findings


def verify(*, now: datetime, organization: Organization | None = None) -> Verdict:
    """Check the books of everybody, or of one organization; changes nothing.

    Reads one snapshot. Within a caller's transaction it reads that one's instead.
    """
    checked: dict[str, int] = {}
    findings: list[Finding] = []
    with _snapshot() as cursor:
        only = organization.id if organization else None
        for rule in (*RULES, *further.rules()):
            checked[rule.name], found = _check(cursor, rule, only, now)
            findings += found
        for name, rows in COMPUTED.items():
            checked[name], found = _compute(name, rows(only))
            findings += found
    return Verdict(checked, findings)


@contextmanager
def _snapshot() -> Iterator[CursorWrapper]:
    is_nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_nested:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = '10min'")
        yield cursor


def _check(
    cursor: CursorWrapper, rule: Rule, only: UUID | None, now: datetime
) -> tuple[int, list[Finding]]:
    values = {"only": only, "now": now}
    # The planner carries the organization into the rule's own tables.
    where = "WHERE checked.organization_id = %(only)s" if only else ""
    cursor.execute(
        "SELECT count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM found)"  # noqa: S608
        f" FROM ({rule.sql}) checked {where}",
        values,
    )
    rows, broken = cursor.fetchone()
    if not broken:
        return rows, []
    cursor.execute(
        "SELECT coalesce(o.slug, ''), row, expected::text, found::text"  # noqa: S608
        f" FROM (SELECT * FROM ({rule.sql}) checked {where}) x"
        " LEFT JOIN organizations o ON o.id = x.organization_id"
        f" WHERE expected IS DISTINCT FROM found ORDER BY 1, 2 LIMIT {FINDINGS_MAX}",
        values,
    )
    return rows, [
        Finding(rule.name, slug, row, expected or "nothing", found or "nothing")
        for slug, row, expected, found in cursor.fetchall()
    ]


def _compute(name: str, rows: Iterator[computed.Checked]) -> tuple[int, list[Finding]]:
    count = 0
    broken: list[computed.Checked] = []
    for row in rows:
        count += 1
        if row[2] != row[3] and len(broken) < FINDINGS_MAX:
            broken.append(row)
    slugs = dict(
        Organization.objects.filter(id__in={row[0] for row in broken}).values_list(
            "id", "slug"
        )
    )
    return count, [
        Finding(name, slugs[owner], row, str(expected), str(found))
        for owner, row, expected, found in broken
    ]
