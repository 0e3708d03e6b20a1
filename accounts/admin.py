"""Staff pages over people, organizations, keys, settings and the trail.

Whatever changes something calls the domain function and so leaves its trace; raw edits of
rows are not offered.
"""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from accounts import api_keys, audit, organizations, settings_history
from accounts.errors import AccountsError
from accounts.models import (
    ApiKey,
    AuditEntry,
    Membership,
    Organization,
    PeriodicRun,
    Setting,
    User,
)
from accounts.setting_definitions import DEFINITIONS
from servicebilling.lib.readonly_admin import OnlyItsFilters, ReadOnlyAdmin, ReadOnlyInline


@admin.register(User)
class UserAdmin(OnlyItsFilters, ModelAdmin):
    """People are found, named and let in or out. Their address is theirs to change: whoever
    could change it could take the account over by the "forgotten password" letter."""

    list_display = ["email", "name", "is_staff", "is_active", "date_joined", "last_login"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    fields = [
        "email",
        "name",
        "is_active",
        "is_staff",
        "groups",
        "date_joined",
        "last_login",
    ]
    filter_horizontal = ["groups"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Staff are changed by superusers alone, or one of them could raise themselves.
        if obj is not None and (obj.is_staff or obj.is_superuser):
            return request.user.is_superuser
        return super().has_change_permission(request, obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> list[str]:
        fixed = ["email", "date_joined", "last_login"]
        return fixed if request.user.is_superuser else [*fixed, "is_staff", "groups"]

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            audit.record(
                organization=None,
                actor=_staff(request),
                action="person.changed",
                detail={"user": obj.pk, "fields": form.changed_data} | _doors(form),
                now=timezone.now(),
            )


def _doors(form: forms.ModelForm) -> dict[str, Any]:
    """What lets somebody in, as it stands now; a name is nobody's business later."""
    said = form.cleaned_data
    doors: dict[str, Any] = {
        name: said[name] for name in ("is_active", "is_staff") if name in said
    }
    if "groups" in said:
        doors["groups"] = sorted(one.name for one in said["groups"])
    return {name: doors[name] for name in doors if name in form.changed_data}


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = ["user", "role", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "organization")


class OrganizationForm(forms.ModelForm):
    def clean_name(self) -> str:
        return _in_form(organizations.clean_name, self.cleaned_data["name"])

    def clean_timezone(self) -> str:
        return _in_form(organizations.clean_timezone, self.cleaned_data["timezone"])


@admin.register(Organization)
class OrganizationAdmin(OnlyItsFilters, ModelAdmin):
    form = OrganizationForm
    list_display = ["name", "slug", "owner", "status", "currency", "timezone", "created_at"]
    list_select_related = ["owner"]
    list_filter = ["status", "currency"]
    search_fields = ["name", "slug", "owner__email", "billing_email", "id"]
    ordering = ["-created_at"]
    fields = [
        "name",
        "billing_email",
        "timezone",
        "slug",
        "owner",
        "currency",
        "status",
        "stripe_customer_id",
        "created_at",
    ]
    readonly_fields = [
        "slug",
        "owner",
        "currency",
        "status",
        "stripe_customer_id",
        "created_at",
    ]
    inlines = [MembershipInline]
    actions = ["suspend", "let_work"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Organization | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Organization | None = None
    ) -> bool:
        if obj is not None and obj.status == Organization.Status.CLOSED:
            return False
        return super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Organization, form: forms.ModelForm, change: bool
    ) -> None:
        try:
            organizations.describe(
                obj,
                name=obj.name,
                billing_email=obj.billing_email,
                timezone=obj.timezone,
                actor=_staff(request),
                now=timezone.now(),
            )
        except AccountsError as error:
            self.message_user(request, error.message, messages.ERROR)

    @admin.action(description="Suspend: no more calls", permissions=["change"])
    def suspend(self, request: HttpRequest, chosen: QuerySet[Organization]) -> None:
        self._set_status(request, chosen, Organization.Status.SUSPENDED)

    @admin.action(description="Let work again", permissions=["change"])
    def let_work(self, request: HttpRequest, chosen: QuerySet[Organization]) -> None:
        self._set_status(request, chosen, Organization.Status.ACTIVE)

    def _set_status(
        self, request: HttpRequest, chosen: QuerySet[Organization], status: str
    ) -> None:
        for organization in chosen:
            try:
                organizations.set_status(
                    organization,
                    status=status,
                    reason="set on the staff site",
                    actor=_staff(request),
                    now=timezone.now(),
                )
            except AccountsError as error:
                self.message_user(
                    request, f"{organization}: {error.message}", messages.ERROR
                )


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = [
        "prefix",
        "name",
        "organization",
        "scopes",
        "created",
        "last_used_at",
        "expiry_date",
        "revoked",
    ]
    # A key's own page would carry its hash in the address.
    list_display_links = None
    list_select_related = ["organization"]
    list_filter = ["revoked", ("organization", admin.EmptyFieldListFilter)]
    search_fields = ["prefix", "name", "organization__slug"]
    fields = ["prefix", "name", "organization", "scopes", "revoked"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Withdraw for good", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        for api_key in chosen:
            api_keys.revoke(api_key, actor=_staff(request), now=timezone.now())


class SettingForm(forms.ModelForm):
    key = forms.ChoiceField(
        choices=[(key, f"{key}: {one.about}") for key, one in DEFINITIONS.items()],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Setting
        fields = ["key", "organization", "value", "valid_from"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "value" in self.fields:
            self.fields["value"].required = False
            self.fields["value"].help_text = "JSON. Empty: give up the own value."
            self.fields["valid_from"].required = False
            self.fields["valid_from"].help_text = "Empty: at once. Never in the past."

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        try:
            settings_history.clean(
                said.get("key", ""), said.get("value"), said.get("organization")
            )
        except AccountsError as error:
            raise ValidationError(error.message) from error
        if said.get("valid_from") and said["valid_from"] < timezone.now():
            raise ValidationError({"valid_from": "A setting can only change from now on."})
        return said


@admin.register(Setting)
class SettingAdmin(ReadOnlyAdmin):
    """A change is a new row. One's own value is given up by a new row, null."""

    form = SettingForm
    list_display = ["key", "organization", "value", "valid_from", "created_by"]
    list_select_related = ["organization", "created_by"]
    list_filter = ["key"]
    search_fields = ["key", "organization__slug"]
    ordering = ["-valid_from"]
    autocomplete_fields = ["organization"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.add_setting")

    def save_model(
        self, request: HttpRequest, obj: Setting, form: forms.ModelForm, change: bool
    ) -> None:
        made = settings_history.set_value(
            obj.key,
            obj.value,
            organization=obj.organization,
            valid_from=form.cleaned_data["valid_from"],
            actor=_staff(request),
            now=timezone.now(),
        )
        obj.pk, obj.valid_from = made.pk, made.valid_from


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "who", "action", "organization", "detail"]
    list_select_related = ["organization", "actor"]
    list_filter = ["action", "created_at"]
    search_fields = ["action", "actor_label", "actor__email", "organization__slug"]
    ordering = ["-id"]
    fields = ["created_at", "who", "action", "organization", "detail"]

    @admin.display(description="who", ordering="actor_label")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor.email if entry.actor else entry.actor_label


@admin.register(PeriodicRun)
class PeriodicRunAdmin(ReadOnlyAdmin):
    list_display = ["task", "period", "started_at", "message_id"]
    list_filter = ["task"]
    ordering = ["-started_at"]


def _staff(request: HttpRequest) -> User:
    """The site lets in nobody but people, so the one who asks is one."""
    return cast(User, request.user)


def _in_form(clean: Any, said: str) -> str:
    try:
        return clean(said)
    except AccountsError as error:
        raise ValidationError(error.message) from error
