"""Shadow mode cuts no call, spares the customer's own cap, and can be reported on quickly."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


def before() -> str:
    """The gate as it was made."""
    whole = (SQL / "gate.sql").read_text()
    alone = whole[whole.index("CREATE FUNCTION gate_admit") :]
    return alone.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


class Migration(migrations.Migration):
    dependencies = [("metering", "0016_find_what_ran_out")]

    operations = [
        migrations.RunSQL((SQL / "gate_admit.sql").read_text(), before()),
        migrations.AlterModelOptions(
            name="allowance",
            options={
                "permissions": [
                    ("adjust_balances", "Can adjust minutes and wallets by hand"),
                    ("set_enforcement", "Can enforce limits, or only watch them"),
                ]
            },
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(would_refuse=False)
                | models.Q(result="admitted", inputs__enforcement="shadow")
                & ~models.Q(rule="ok"),
                name="only_shadow_mode_admits_against_a_rule",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=["organization", "created_at"],
                condition=models.Q(inputs__enforcement="shadow"),
                name="decisions_in_shadow_mode",
            ),
        ),
        migrations.AddIndex(
            model_name="usageevent",
            index=models.Index(
                fields=["organization", "occurred_at"],
                condition=models.Q(metadata__has_key="would_refuse"),
                name="usage_let_through",
            ),
        ),
    ]
