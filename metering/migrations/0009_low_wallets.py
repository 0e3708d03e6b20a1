"""The gate tells billing when a wallet runs low."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("metering", "0008_topups")]

    operations = [
        migrations.RunSQL(
            (SQL / "top_ups.sql").read_text(),
            "DROP TRIGGER tell_of_low_wallet ON decisions; DROP FUNCTION tell_of_low_wallet();",
        ),
    ]
