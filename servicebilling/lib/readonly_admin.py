"""Admin pages that show and never write: ledgers, decisions, messages, the trail."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, JSONField, Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from servicebilling.lib import money
from servicebilling.lib.capped_paginator import CappedPaginator

SEE_MONEY = "metering.see_money"


class WithoutMoney:
    """Hides amounts, and what may hold them, from staff without the right to see money:
    decimals but quantities, and JSON. A column made by `amount` hides itself so."""

    # Decimals and JSON of the model that are no money.
    no_money: tuple[str, ...] = ()
    model: type[Model]

    def hidden(self, request: HttpRequest) -> set[str]:
        """Return the fields that whoever asks may not see."""
        if request.user.has_perm(SEE_MONEY):
            return set()
        return {
            field.name
            for field in self.model._meta.get_fields()
            if isinstance(field, DecimalField | JSONField)
            and field.name not in self.no_money
        }

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = self.hidden(request)
        fields = super().get_fields(request, obj)  # type: ignore[misc]
        return [name for name in fields if name not in hidden]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        hidden = self.hidden(request)
        columns = super().get_list_display(request)  # type: ignore[misc]
        return [one for one in columns if getattr(one, "__name__", one) not in hidden]


class OnlyItsFilters:
    """Narrows a list by its own filters alone. Django takes any column of the table from the
    address, and so would tell of hidden ones, a password's hash or an amount, which rows begin
    like that or are greater."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        offered = {
            one if isinstance(one, str) else one[0]
            for one in self.get_list_filter(request)  # type: ignore[attr-defined]
        }
        is_offered = any(
            lookup == name or lookup.startswith(f"{name}__") for name in offered
        )
        allowed: bool = super().lookup_allowed(lookup, value, request)  # type: ignore[misc]
        return is_offered and allowed


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, WithoutMoney, OnlyItsFilters, ModelAdmin):
    """Rows can be found and read by staff who may view them.

    Counting a large table takes longer than showing a page of it, so the total is left out.
    """

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50


class ReadOnlyInline(_ReadOnly, WithoutMoney, TabularInline):
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
