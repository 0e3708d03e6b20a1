"""Ledgers, decisions, events and cards refuse to be rewritten, by the database itself."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

TABLES = [
    "minute_transactions",
    "wallet_transactions",
    "overage_charges",
    "usage_events",
    "decisions",
    "rate_cards",
    "rates",
]


@pytest.fixture
def rows(now) -> None:
    """A row in each of the tables."""
    for rule in ("wallet", "overage"):
        story = begin(
            now, make.make_card(when_exhausted=rule, included_minutes=0), wallet="1"
        )
        story.talk(60)
    with connection.cursor() as cursor:
        # Nothing may be pending that would stop a TRUNCATE before the guard does.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = NULL",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
    ],
)
@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_was_written_stays(rows, table, statement):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] > 0
        # Notes beside a use may be erased, and are not tried here.
        column = "quantity" if table == "usage_events" else "id"
        changing = statement.format(table=table, column=column)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(changing)
