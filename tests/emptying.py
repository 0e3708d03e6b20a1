"""Empties the database after a test with real transactions, in time that follows what it wrote.

Django truncates all tables and makes permissions, groups and schedules anew, which takes a
second and more however little a test did. Here only tables with rows are emptied. What the
migrations left (permissions, schedules) stays as long as the test left it alone; otherwise
Django's way is taken.
"""

import gc
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"""
# 32 is the bit of TRUNCATE in pg_trigger.tgtype.
REFUSES_TRUNCATE = """
    SELECT tgrelid::regclass::text, tgname FROM pg_trigger
    WHERE NOT tgisinternal AND tgtype & 32 > 0"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The database of this process, with a quick way to empty it."""
    with django_db_blocker.unblock():
        ground = Ground()
    django_way = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda case: ground.restore(
        otherwise=lambda: django_way(case)
    )
    yield
    TransactionTestCase._fixture_teardown = django_way
    with django_db_blocker.unblock():
        _end_other_sessions()


def _end_other_sessions() -> None:
    """A thread of some test may have left its connection to the garbage, or be asking still;
    a database that somebody uses cannot be removed."""
    gc.collect()
    _rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )


class Ground:
    """What was there before the first test."""

    def __init__(self) -> None:
        self.tables = [row[0] for row in _rows(TABLES)]
        self.can_lift_triggers = _rows(
            "SELECT has_parameter_privilege('session_replication_role', 'SET')"
        )[0][0]
        self._note()

    def restore(self, *, otherwise: Callable[[], None]) -> None:
        filled = _filled(self.tables)
        is_left_alone = all(_digest(table) == was for table, was in self.kept.items())
        if self.can_lift_triggers and is_left_alone:
            _empty([table for table in filled if table not in self.kept])
            return
        _switch_triggers("DISABLE")
        try:
            otherwise()
        finally:
            _switch_triggers("ENABLE")
        self._note()

    def _note(self) -> None:
        self.kept = {table: _digest(table) for table in _filled(self.tables)}


def _empty(tables: list[str]) -> None:
    """Append-only tables refuse DELETE and TRUNCATE; lifted for this transaction alone."""
    if not tables:
        return
    deletes = "; ".join(f'DELETE FROM "{table}"' for table in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(deletes)


def _filled(tables: list[str]) -> list[str]:
    looks = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    return [row[0] for row in _rows(" UNION ALL ".join(looks))]


def _digest(table: str) -> str:
    return _rows(
        f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t"
    )[0][0]


def _switch_triggers(switch: str) -> None:
    for table, trigger in _rows(REFUSES_TRUNCATE):
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE {table} {switch} TRIGGER "{trigger}"')


def _rows(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
