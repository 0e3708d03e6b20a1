"""Databases of before, half migrated or wholly, come to what a new one is made with.

Each needs databases of its own, and the history takes its time: with LONG=1 only.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from psycopg import sql

from tests.length import IS_LONG
from tests.schema import fingerprint

ROOT = Path(__file__).parents[2]
APPS = ("accounts", "metering", "billing")
pytestmark = [
    pytest.mark.skipif(not IS_LONG, reason="migrates several databases: LONG=1"),
    pytest.mark.django_db,
]


def test_half_a_history_goes_on_and_ends_at_the_same_database():
    with _database("at_once") as new, _database("history") as old:
        _manage(new, "migrate")
        _manage(old, "shell", "-c", HALF_THE_HISTORY)
        _manage(old, "migrate")
        assert fingerprint.differences(_read(new), _read(old)) == []
        assert _made_at_once(old) == _made_at_once(new) == set(APPS)


def test_database_at_the_end_of_its_history_stays_as_it_is():
    with _database("at_head") as head:
        _manage(head, "migrate")
        before = _read(head)
        with psycopg.connect(head) as there:
            there.execute("DELETE FROM django_migrations WHERE name LIKE '%squashed%'")
        shown = _manage(head, "migrate")
        assert "No migrations to apply" in shown
        assert fingerprint.differences(before, _read(head)) == []
        assert _made_at_once(head) == set(APPS)


def test_what_was_made_at_once_can_be_taken_back():
    with _database("back") as back:
        _manage(back, "migrate")
        made = _read(back)
        for app in ("billing", "metering"):
            _manage(back, "migrate", app, "zero")
        left = {table for table, *_ in _read(back)["columns"]}
        for model in apps.get_app_config("billing").get_models():
            assert model._meta.db_table not in left
        assert not {name for name, *_ in _read(back)["functions"]} - {"append_only_refuse"}
        _manage(back, "migrate")
        assert fingerprint.differences(made, _read(back)) == []


HALF_THE_HISTORY = """
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

executor = MigrationExecutor(connection)
executor.loader.replace_migrations = False
executor.loader.build_graph()
executor.migrate([
    ("accounts", "0005_find_newest_periodic_run"),
    ("metering", "0010_placed_calls"),
    ("billing", "0004_money_that_follows_usage"),
])
"""


@contextmanager
def _database(name: str) -> Iterator[str]:
    """Yield the address of an empty database beside the one of the tests."""
    at = connection.get_connection_params()
    whole = f"{connection.settings_dict['NAME']}_{name}"
    host = at.get("host", "")
    with psycopg.connect(
        **{key: at[key] for key in ("host", "port", "user", "password") if key in at},
        dbname="postgres",
        autocommit=True,
    ) as beside:
        for verb in ("DROP DATABASE IF EXISTS", "CREATE DATABASE"):
            beside.execute(sql.SQL(verb + " {}").format(sql.Identifier(whole)))
        yield f"postgresql://{at['user']}@/{whole}?host={host}"
        beside.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(whole)))


def _manage(database: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _read(database: str) -> fingerprint.Fingerprint:
    with psycopg.connect(database) as there:
        return fingerprint.read(there)


def _made_at_once(database: str) -> set[str]:
    query = "SELECT app FROM django_migrations WHERE name LIKE '0001_squashed_%'"
    with psycopg.connect(database) as there:
        return {app for (app,) in there.execute(query)} & set(APPS)
