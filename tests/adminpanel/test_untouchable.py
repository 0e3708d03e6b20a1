"""What happened stays as it happened: whoever one is, the staff site has no page, inline or
bulk action that adds, changes or deletes a row of it."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.db import DatabaseError, connection, transaction
from django.db.models import UUIDField
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry
from billing.models import Dispute, Document, Payment, PaymentEvent, Refund
from metering.models import (
    Call,
    CycleCharge,
    Decision,
    InboundMessage,
    MinuteTransaction,
    OverageCharge,
    UsageEvent,
    WalletTransaction,
)
from servicebilling.lib import append_only
from servicebilling.lib.ids import new_id
from tests.factories import accounts

UNTOUCHABLE = {
    AuditEntry,
    Call,
    CycleCharge,
    Decision,
    Dispute,
    Document,
    InboundMessage,
    MinuteTransaction,
    OverageCharge,
    Payment,
    PaymentEvent,
    Refund,
    UsageEvent,
    WalletTransaction,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(rf: RequestFactory):
    """A request of the mightiest person there is."""
    user = accounts.make_user(email="root@example.org", is_staff=True)
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    request = rf.get("/admin/")
    request.user = user
    return request


def guarded():
    """The tables above, and whatever else only grows by order of the database."""
    tables = set(append_only.protected_tables())
    return UNTOUCHABLE | {
        model for model in apps.get_models() if model._meta.db_table in tables
    }


def test_no_page_of_any_table_of_the_books_writes(asked):
    shown = [model for model in guarded() if model in admin.site._registry]
    assert len(shown) >= 10
    for model in shown:
        page = admin.site._registry[model]
        writes = {
            "change": page.has_change_permission(asked),
            "delete": page.has_delete_permission(asked),
        }
        if model._meta.db_table != "accounts_setting":
            # A setting is changed by adding its next value.
            writes["add"] = page.has_add_permission(asked)
        assert not any(writes.values()), (model.__name__, writes)
        assert "delete_selected" not in page.get_actions(asked)
        assert not page.list_editable


def test_no_inline_of_any_page_writes_them(asked):
    seen = 0
    for page in admin.site._registry.values():
        for inline in page.get_inline_instances(asked):
            seen += 1
            if inline.model in guarded():
                assert isinstance(inline, InlineModelAdmin)
                assert not inline.has_add_permission(asked, None)
                assert not inline.has_change_permission(asked)
                assert not inline.has_delete_permission(asked)
    assert seen


def test_no_row_anywhere_is_deleted_in_bulk_together_with_them(asked):
    """Deleting what they point at would be a way round: nothing they need can be deleted."""
    needed = {
        field.related_model
        for model in guarded()
        for field in model._meta.fields
        if field.related_model in admin.site._registry
    }
    for model in needed:
        page = admin.site._registry[model]
        assert not page.has_delete_permission(asked), model.__name__
        assert "delete_selected" not in page.get_actions(asked), model.__name__


def test_no_url_of_them_writes_whoever_asks(asked, client_of):
    browser = client_of(asked.user)
    tried = 0
    for model in guarded():
        if model not in admin.site._registry:
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        key = str(new_id()) if isinstance(model._meta.pk, UUIDField) else "1"
        places = [reverse(f"{name}_{act}", args=[key]) for act in ("change", "delete")]
        if model._meta.db_table != "accounts_setting":
            places.append(reverse(f"{name}_add"))
        for place in places:
            tried += 1
            assert browser.post(place, {"post": "yes"}).status_code == 403, place
    assert tried >= 30


def test_database_refuses_to_change_or_delete_what_stands_in_the_trail(organization):
    now = timezone.now()
    audit.record(
        organization=organization, actor="a test", action="tried", detail={}, now=now
    )
    for statement in (
        "UPDATE audit_entries SET action = 'nothing'",
        "DELETE FROM audit_entries",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert AuditEntry.objects.get(action="tried").organization == organization
