"""Agents and numbers. They are mapped by the domain, which keeps their history; staff edit
who answers and what callers hear, and leave a trace."""

from typing import cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from accounts.models import User
from metering.admin.searching import ORGANIZATION
from metering.calls import numbers
from metering.calls.numbers import MappingRefused
from metering.models import Agent, PhoneNumber
from servicebilling.lib.capped_paginator import CappedPaginator
from servicebilling.lib.readonly_admin import OnlyItsFilters


class MappingAdmin(OnlyItsFilters, ModelAdmin):
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AgentForm(forms.ModelForm):
    def clean_refusal_text(self) -> str:
        try:
            return numbers.clean_refusal_text(self.cleaned_data["refusal_text"])
        except MappingRefused as error:
            raise ValidationError(error.message) from error


@admin.register(Agent)
class AgentAdmin(MappingAdmin):
    form = AgentForm
    list_display = ["name", "organization", "provider", "provider_assistant_id"]
    list_select_related = ["organization"]
    search_fields = ["name", "provider_assistant_id__exact", *ORGANIZATION]
    fields = ["organization", "name", "provider_assistant_id", "refusal_text"]
    readonly_fields = ["organization", "provider_assistant_id"]

    def save_model(
        self, request: HttpRequest, obj: Agent, form: forms.ModelForm, change: bool
    ) -> None:
        numbers.describe_agent(
            obj,
            name=obj.name,
            refusal_text=obj.refusal_text,
            actor=cast(User, request.user),
            now=timezone.now(),
        )


@admin.register(PhoneNumber)
class PhoneNumberAdmin(MappingAdmin):
    list_display = ["e164", "organization", "agent", "valid_from", "valid_to"]
    list_select_related = ["organization", "agent"]
    search_fields = ["e164__exact", "provider_number_id__exact", *ORGANIZATION]
    fields = [
        "organization",
        "e164",
        "provider_number_id",
        "agent",
        "valid_from",
        "valid_to",
    ]
    readonly_fields = [name for name in fields if name != "agent"]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):  # type: ignore[no-untyped-def]
        """Only the number's own organization has agents to answer it."""
        if db_field.name == "agent":
            kwargs["queryset"] = self._own_agents(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _own_agents(self, request: HttpRequest) -> QuerySet[Agent]:
        match = request.resolver_match
        number_id = match.kwargs.get("object_id") if match else None
        return Agent.objects.filter(organization__phone_numbers=number_id)

    def save_model(
        self, request: HttpRequest, obj: PhoneNumber, form: forms.ModelForm, change: bool
    ) -> None:
        numbers.describe_number(
            obj,
            agent=obj.agent,
            label=obj.label,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
