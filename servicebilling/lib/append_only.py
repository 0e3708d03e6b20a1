"""Tables that only grow: ledgers, decisions, audit.

The guard is a plain trigger in the database, not Python: it also stops raw SQL, a
forgotten `save()` and the Django shell. The role that the application connects with has, on
top, no UPDATE, DELETE or TRUNCATE right on these tables (`manage.py grant_app_role`).

In a migration, after the table exists:

    operations = [append_only.protect("minute_transactions")]
"""

from django.db import connection
from django.db.migrations import RunSQL

TRIGGER_PREFIX = "append_only_"

_FUNCTION = """
CREATE OR REPLACE FUNCTION append_only_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused. Write a correcting row instead.',
        TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$
"""

# The function is shared, so it goes with the last table that used it.
_DROP_UNUSED_FUNCTION = """
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgfoid = to_regproc('append_only_refuse')
    ) THEN
        DROP FUNCTION IF EXISTS append_only_refuse();
    END IF;
END
$$
"""


def protect(table: str) -> RunSQL:
    """Return the migration operation that makes `table` refuse UPDATE, DELETE and TRUNCATE.

    What is refused raises `IntegrityError`. The operation can be reversed.
    """
    rows, whole = f"{TRIGGER_PREFIX}rows", f"{TRIGGER_PREFIX}truncate"
    return RunSQL(
        [
            _FUNCTION,
            f'CREATE TRIGGER {rows} BEFORE UPDATE OR DELETE ON "{table}"'
            " FOR EACH ROW EXECUTE FUNCTION append_only_refuse()",
            f'CREATE TRIGGER {whole} BEFORE TRUNCATE ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION append_only_refuse()",
        ],
        [
            f'DROP TRIGGER IF EXISTS {rows} ON "{table}"',
            f'DROP TRIGGER IF EXISTS {whole} ON "{table}"',
            _DROP_UNUSED_FUNCTION,
        ],
    )


def protected_tables() -> list[str]:
    """Return the names of the tables in this database that `protect` guards, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT relname FROM pg_trigger"
            " JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND starts_with(tgname, %s)"
            " AND relnamespace = current_schema()::regnamespace ORDER BY relname",
            [TRIGGER_PREFIX],
        )
        return [name for (name,) in cursor.fetchall()]
