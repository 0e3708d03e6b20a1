"""A new database gets each app's tables from one migration, an old one by its whole history.

Both must end at the same tables. Here the models and the SQL that they make are compared;
test_old_databases.py runs the history itself.
"""

import re
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations import Migration, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState
from django.db.migrations.writer import MigrationWriter

ROOT = Path(__file__).parents[2]
APPS = {"accounts", "metering", "billing"}
AT_ONCE = {
    name: migration
    for name, migration in MigrationLoader(None).disk_migrations.items()
    if migration.replaces and name[0] in APPS
}
FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", re.S)
TRIGGER = re.compile(
    r"CREATE (?:OR REPLACE )?TRIGGER (\w+)\s.*?\sON \"?(\w+)\"?.*?EXECUTE FUNCTION (\w+)",
    re.S,
)
VIEW = re.compile(r"CREATE (?:OR REPLACE )?VIEW (\w+)")
FILL = re.compile(r"ALTER TABLE (\w+) SET \((fillfactor) = (\d+)\)")


def test_each_app_with_tables_is_made_at_once():
    assert {app for app, _ in AT_ONCE} == APPS


@pytest.mark.parametrize("name", AT_ONCE, ids=str)
def test_what_is_replaced_is_the_whole_history_up_to_it(name):
    app, _ = name
    replaced = AT_ONCE[name].replaces
    numbered = sorted(
        (app, path.stem)
        for path in (ROOT / app / "migrations").glob("[0-9]*.py")
        if "_squashed_" not in path.stem
    )
    assert replaced == numbered[: len(replaced)]


def test_both_ways_lead_to_the_same_models():
    ends = [migration.replaces[-1] for migration in AT_ONCE.values()]
    by_history = MigrationLoader(None, replace_migrations=False).project_state(ends)
    at_once = MigrationLoader(None).project_state(list(AT_ONCE))
    ours = {key for key in at_once.models if key[0] in APPS}
    assert ours == {key for key in by_history.models if key[0] in APPS}
    assert len(ours) > 60
    for key in ours:
        assert _described(at_once.models[key]) == _described(by_history.models[key]), key


@pytest.mark.django_db
def test_the_database_has_the_functions_triggers_and_views_of_the_history():
    functions, triggers, views, fills = {}, {}, set(), set()
    for text in _statements():
        functions |= dict(FUNCTION.findall(text))
        triggers |= {(name, table): called for name, table, called in TRIGGER.findall(text)}
        views |= set(VIEW.findall(text))
        fills |= {(table, f"{what}={part}") for table, what, part in FILL.findall(text)}

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc"
            " WHERE pronamespace = current_schema()::regnamespace"
        )
        assert dict(cursor.fetchall()) == functions
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text, tgfoid::regproc::text FROM pg_trigger"
            " WHERE NOT tgisinternal"
        )
        assert {(name, table): called for name, table, called in cursor} == triggers
        cursor.execute(
            "SELECT viewname FROM pg_views WHERE schemaname = current_schema()",
        )
        assert {name for (name,) in cursor} == views
        cursor.execute(
            "SELECT relname, reloptions[1] FROM pg_class WHERE reloptions IS NOT NULL"
            " AND relnamespace = current_schema()::regnamespace AND relkind = 'r'"
        )
        assert set(cursor.fetchall()) == fills


def _described(model: ModelState) -> dict[str, str]:
    """The model in the words of a migration file, each part by its name."""
    parts = {f"field {name}": field for name, field in model.fields.items()}
    parts |= {f"option {name}": value for name, value in model.options.items()}
    for several in ("indexes", "constraints"):
        named = {f"{several} {one.name}": one for one in parts.pop(f"option {several}", [])}
        parts |= named
    parts |= {f"manager {name}": type(manager).__name__ for name, manager in model.managers}
    parts["bases"] = model.bases
    return {name: MigrationWriter.serialize(value)[0] for name, value in parts.items()}


def _statements() -> list[str]:
    """All SQL that the history runs by itself, in its order."""
    loader = MigrationLoader(None, replace_migrations=False)
    ends = [key for key in loader.graph.leaf_nodes() if key not in AT_ONCE]
    plan = [key for end in ends for key in loader.graph.forwards_plan(end)]
    return [
        text
        for key in dict.fromkeys(plan)
        if key not in AT_ONCE
        for text in _texts(loader.graph.nodes[key])
    ]


def _texts(migration: Migration) -> list[str]:
    found = []
    for operation in migration.operations:
        if isinstance(operation, RunSQL):
            found += [operation.sql] if isinstance(operation.sql, str) else operation.sql
    return found
