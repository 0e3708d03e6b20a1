"""Usage of every meter joins the books; the views that sum it; refusals tell who listens."""

from pathlib import Path

from django.db import migrations

from servicebilling.lib.append_only import protect

SQL = Path(__file__).parent / "sql"


def book_json_as_it_was() -> str:
    text = (SQL / "book.sql").read_text()
    start = text.index("CREATE FUNCTION book_json")
    end = text.index("END $$;", start) + len("END $$;")
    return text[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


UNDO = """
DROP TRIGGER tell_of_refusal ON decisions;
DROP FUNCTION tell_of_refusal();
DROP VIEW billing_overview;
DROP VIEW monthly_usage;
DROP FUNCTION usage_write(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0004_usage_of_every_meter")]

    operations = [
        migrations.RunSQL((SQL / "usage.sql").read_text(), UNDO + book_json_as_it_was()),
        protect("usage_charges"),
        # Busy rows, rewritten by each batch: room on the page keeps the updates cheap.
        migrations.RunSQL(
            "ALTER TABLE cycle_usage SET (fillfactor = 70);",
            "ALTER TABLE cycle_usage RESET (fillfactor);",
        ),
    ]
