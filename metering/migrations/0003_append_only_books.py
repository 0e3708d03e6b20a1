"""Ledgers, decisions, usage events and rate cards refuse UPDATE, DELETE and TRUNCATE."""

from django.db import migrations

from servicebilling.lib.append_only import protect

TABLES = (
    "minute_transactions",
    "wallet_transactions",
    "overage_charges",
    "usage_events",
    "decisions",
    "rate_cards",
    "rates",
)


class Migration(migrations.Migration):
    dependencies = [("metering", "0002_balance_functions")]

    operations = [protect(table) for table in TABLES]
