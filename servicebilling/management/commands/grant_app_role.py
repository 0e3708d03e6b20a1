"""`manage.py grant_app_role [ROLE]`: what the application's database role may do."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg import sql

from servicebilling.lib import append_only


class Command(BaseCommand):
    help = (
        "Give a database role the rights the site needs: all rows of all tables, except"
        " that append-only tables can only be read and added to. Run it as the owner of the"
        " tables, after migrate."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("role", nargs="?", default="servicebilling_app")

    def handle(self, *, role: str, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
            if not cursor.rowcount:
                raise CommandError(f"The database has no role {role!r}. Create it first.")
        tables = append_only.protected_tables()
        grant(role, append_only_tables=tables)
        self.stdout.write(f"{role} may read and write; append-only: {', '.join(tables)}.")


@transaction.atomic
def grant(role: str, *, append_only_tables: list[str]) -> None:
    """Grant in one transaction: at no moment may the role change a ledger."""
    statements = [
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        names = {
            "schema": sql.Identifier(cursor.fetchone()[0]),
            "role": sql.Identifier(role),
        }
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(**names))
        for table in append_only_tables:
            revoke = sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}")
            cursor.execute(revoke.format(table=sql.Identifier(table), **names))
