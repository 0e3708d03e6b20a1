from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import audit
from accounts.models import AuditEntry, Setting
from tests.factories import accounts as make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_entry_names_who_did_what_to_whom_and_when(organization, owner):
    audit.record(
        organization=organization,
        actor=owner,
        action="minutes.adjusted",
        detail={"amount": Decimal("1.50"), "at": NOW},
        now=NOW,
    )

    entry = AuditEntry.objects.latest("id")
    assert (entry.organization, entry.actor, entry.created_at) == (organization, owner, NOW)
    assert entry.detail == {"amount": "1.50", "at": "2026-03-01T12:00:00Z"}


def test_trail_keeps_no_personal_data_of_its_own(organization, owner):
    entry = audit.record(organization=organization, actor=owner, action="x.y", now=NOW)

    assert entry.actor_label == f"person {owner.pk}"
    assert owner.email not in str(AuditEntry.objects.filter(pk=entry.pk).values())


def test_keys_and_commands_are_actors_too(organization):
    issued = make.make_key(organization=organization)
    by_key = audit.record(
        organization=organization, actor=issued.api_key, action="x.y", now=NOW
    )
    by_command = audit.record(
        organization=None, actor="command do_it", action="x.y", now=NOW
    )

    assert by_key.actor_label == f"key {issued.api_key.prefix}"
    assert (by_key.actor, by_command.actor_label) == (None, "command do_it")


@pytest.mark.parametrize("table", ["audit_entries", "accounts_setting"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET created_at = now()",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "TRUNCATE {} CASCADE",
    ],
)
def test_database_itself_refuses_to_rewrite_the_past(organization, table, statement):
    Setting.objects.create(key="markup_percent", value="25", valid_from=NOW)
    with connection.cursor() as cursor:
        # What is still to be checked would stop a TRUNCATE before the trigger does.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement.format(table))

    assert AuditEntry.objects.exists()
    assert Setting.objects.exists()


def test_model_layer_cannot_change_an_entry_either(organization):
    entry = AuditEntry.objects.latest("id")
    for change in (entry.save, entry.delete, AuditEntry.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
