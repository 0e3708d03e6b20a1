"""Tables that only grow: the database itself refuses anything else."""

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.state import ProjectState

from servicebilling.embedded.postgres import APP_ROLE
from servicebilling.lib import append_only

BOOKS = {"minute_transactions", "wallet_transactions", "decisions", "audit_entries"}


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def guarded(db) -> str:
    run("CREATE TABLE pages_of_a_book (line integer)")
    run("INSERT INTO pages_of_a_book VALUES (1)")
    with connection.schema_editor() as editor:
        nothing = ProjectState()
        append_only.protect("pages_of_a_book").database_forwards(
            "", editor, nothing, nothing
        )
    return "pages_of_a_book"


@pytest.mark.parametrize(
    ("statement", "verb"),
    [
        ("UPDATE pages_of_a_book SET line = 2", "UPDATE"),
        ("DELETE FROM pages_of_a_book", "DELETE"),
        ("TRUNCATE pages_of_a_book", "TRUNCATE"),
    ],
)
def test_change_is_refused_in_words(guarded, statement, verb):
    with pytest.raises(IntegrityError, match=f"pages_of_a_book is append-only: {verb}"):
        run(statement)


def test_rows_can_still_be_added(guarded):
    run("INSERT INTO pages_of_a_book VALUES (2)")
    assert "pages_of_a_book" in append_only.protected_tables()


def test_protection_can_be_reversed(guarded):
    with connection.schema_editor() as editor:
        nothing = ProjectState()
        append_only.protect(guarded).database_backwards("", editor, nothing, nothing)
    run("TRUNCATE pages_of_a_book")
    assert guarded not in append_only.protected_tables()


@pytest.mark.django_db
def test_every_book_is_protected():
    assert set(append_only.protected_tables()) >= BOOKS


@pytest.fixture
def app_role(db) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if not cursor.rowcount:
            cursor.execute(f"CREATE ROLE {APP_ROLE}")
    call_command("grant_app_role", APP_ROLE)
    return APP_ROLE


def rights(role: str) -> dict[str, set[str]]:
    """What the role may do, by table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s",
            [role],
        )
        found: dict[str, set[str]] = {}
        for table, right in cursor.fetchall():
            found.setdefault(table, set()).add(right)
    return found


def test_site_may_read_and_add_to_books_and_no_more(app_role):
    granted = rights(app_role)
    for table in append_only.protected_tables():
        assert granted[table] == {"SELECT", "INSERT"}, table


def test_site_may_change_every_other_table(app_role):
    granted = rights(app_role)
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.managed}
    for table in tables - set(append_only.protected_tables()):
        assert granted[table] == {"SELECT", "INSERT", "UPDATE", "DELETE"}, table


@pytest.mark.django_db
def test_role_that_does_not_exist_is_named():
    with pytest.raises(CommandError, match="no role 'nobody_here'"):
        call_command("grant_app_role", "nobody_here")
