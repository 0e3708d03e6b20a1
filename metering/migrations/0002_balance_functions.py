"""The functions that the gate, the ledger and the settling of calls run on."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


def functions(name: str, *signatures: str) -> migrations.RunSQL:
    drops = "".join(f"DROP FUNCTION {signature};\n" for signature in reversed(signatures))
    return migrations.RunSQL((SQL / f"{name}.sql").read_text(), drops)


class Migration(migrations.Migration):
    dependencies = [("metering", "0001_initial")]

    operations = [
        functions(
            "book",
            "book_lock(uuid[])",
            "book_json(uuid[], uuid[])",
            "book_write(jsonb)",
        ),
        functions(
            "gate",
            "route_calls(jsonb)",
            "gate_admit(jsonb, timestamptz, uuid, uuid)",
        ),
        functions("settle", "settle_read(jsonb)", "settle_write(jsonb, jsonb)"),
        # Every call updates these rows: room on the page keeps the updates cheap.
        migrations.RunSQL(
            "ALTER TABLE allowances SET (fillfactor = 50);"
            "ALTER TABLE billing_cycles SET (fillfactor = 70);"
            "ALTER TABLE daily_usage SET (fillfactor = 70);",
            "ALTER TABLE allowances RESET (fillfactor);"
            "ALTER TABLE billing_cycles RESET (fillfactor);"
            "ALTER TABLE daily_usage RESET (fillfactor);",
        ),
    ]
