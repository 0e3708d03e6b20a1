"""All that the catalogue of a PostgreSQL database says of its tables, in comparable words.

The order of columns and the numbers of rows are left out: they differ with the path by which
a database came to its tables, and nothing may depend on them.
"""

from typing import Any

from psycopg import Connection

Fingerprint = dict[str, list[tuple[Any, ...]]]

OURS = "n.nspname = current_schema()"
SHAPE = {
    "columns": f"""
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
          a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), l.collname
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE {OURS} AND a.attnum > 0 AND NOT a.attisdropped
          AND c.relkind IN ('r', 'v', 'm', 'p')""",
    "relations": f"""
        SELECT c.relname, c.relkind, c.relpersistence, c.reloptions, c.relacl
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}""",
    "constraints": f"""
        SELECT c.relname, o.conname, pg_get_constraintdef(o.oid), o.convalidated
        FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}""",
    "indexes": f"""
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}""",
    "triggers": f"""
        SELECT c.relname, pg_get_triggerdef(t.oid), t.tgenabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS} AND NOT t.tgisinternal""",
    "functions": f"""
        SELECT p.proname, pg_get_functiondef(p.oid), p.proacl
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {OURS} AND p.prokind = 'f'""",
    "views": f"""
        SELECT c.relname, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {OURS} AND c.relkind IN ('v', 'm')""",
    "sequences": """
        SELECT sequencename, data_type, start_value, min_value, max_value, increment_by, cycle
        FROM pg_sequences WHERE schemaname = current_schema()""",
    "extensions": "SELECT extname FROM pg_extension",
}
RIGHTS = """
    SELECT g.name, t.app_label, t.model, p.codename, p.name
    FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
    LEFT JOIN auth_group_permissions gp ON gp.permission_id = p.id
    LEFT JOIN auth_group g ON g.id = gp.group_id"""
# Numbers are given in the order of making; times are those of the making.
ROW = """
    SELECT coalesce(jsonb_object_agg(key, value), '{{}}')::text
    FROM jsonb_each(to_jsonb(t))
    WHERE key <> 'id' AND key NOT LIKE '%\\_id'
      AND key NOT IN ('date_changed', 'last_update', 'created_at')"""


def read(connection: Connection[Any]) -> Fingerprint:
    """Return the shape of the current schema, and the rows that migrating put into it."""
    found = {name: _rows(connection, query) for name, query in SHAPE.items()}
    tables = [name for name, kind, *_ in found["relations"] if kind in ("r", "p")]
    for table in tables:
        if table != "django_migrations":
            found[f"rows of {table}"] = _rows(
                connection, f'SELECT ({ROW}) FROM "{table}" t'.replace("{{}}", "{}")
            )
    found["rights"] = _rows(connection, RIGHTS)
    return found


def differences(one: Fingerprint, other: Fingerprint) -> list[str]:
    """Return a line for each thing that only one of two databases has."""
    lines = []
    for name in sorted(one.keys() | other.keys()):
        here, there = one.get(name, []), other.get(name, [])
        lines += [f"{name}, only the first: {row}" for row in here if row not in there]
        lines += [f"{name}, only the second: {row}" for row in there if row not in here]
        if len(here) != len(there):
            lines.append(f"{name}: {len(here)} and {len(there)}")
    return lines


def _rows(connection: Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(query).fetchall(), key=repr)
