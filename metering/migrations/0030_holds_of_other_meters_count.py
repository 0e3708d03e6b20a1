"""What is held of other meters is not free when a call is weighed against the threshold."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


def before() -> str:
    """The function as it was made."""
    whole = (SQL / "top_ups.sql").read_text()
    alone = whole[: whole.index("CREATE TRIGGER")]
    return alone.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


class Migration(migrations.Migration):
    dependencies = [("metering", "0029_notices_of_credit_limits")]

    operations = [migrations.RunSQL((SQL / "low_wallet.sql").read_text(), before())]
