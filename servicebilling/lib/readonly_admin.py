"""Admin pages that show and never write: ledgers, decisions, messages, the trail."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from servicebilling.lib import money
from servicebilling.lib.capped_paginator import CappedPaginator


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, ModelAdmin):
    """Rows can be found and read by staff who may view them.

    Counting a large table takes longer than showing a page of it, so the total is left out.
    """

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50


class ReadOnlyInline(_ReadOnly, TabularInline):
    extra = 0
    can_delete = False
    show_change_link = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields


def amount(field: str, *, currency: str = "") -> Callable[[Any], str]:
    """Return a column of a list that shows an amount with its currency: the row's own, or
    the one named."""

    @admin.display(description=field.replace("_", " "), ordering=field)
    def column(row: Any) -> str:
        value = getattr(row, field)
        if value is None:
            return ""
        shown = money.shown(value, currency or row.currency)
        return shown.replace(" ", "\N{NO-BREAK SPACE}")

    column.__name__ = field
    return column
