"""Dated settings of the platform, and of one organization."""

from dataclasses import asdict
from datetime import datetime

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import idempotency, settings_history, staff_access
from accounts.models import Organization
from accounts.setting_definitions import DEFINITIONS
from accounts.staff_access import Staff
from adminpanel.api.asking import Json, OfOrganization, organization_named
from metering.api.parameters import read


class SettingsQuery(OfOrganization):
    key = serializers.ChoiceField(
        sorted(DEFINITIONS), required=False, help_text="With it, its history is told, too."
    )


class SettingRequest(OfOrganization):
    key = serializers.ChoiceField(sorted(DEFINITIONS))
    value = serializers.JSONField(
        allow_null=True, help_text="null gives up the own value for what would hold else."
    )
    valid_from = serializers.DateTimeField(
        required=False, help_text="At once, if nothing is said. Never in the past."
    )


class SettingAnswer(serializers.Serializer[Json]):
    key = serializers.CharField()
    about = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    is_default = serializers.BooleanField(help_text="Nobody has chosen a value.")
    valid_from = serializers.DateTimeField(allow_null=True)


class PastSettingAnswer(serializers.Serializer[Json]):
    value = serializers.JSONField(allow_null=True)
    valid_from = serializers.DateTimeField()
    created_by = serializers.CharField(help_text="Empty: a program, or the service itself.")


class SettingsAnswer(serializers.Serializer[Json]):
    settings = SettingAnswer(many=True)
    history = PastSettingAnswer(
        many=True, help_text="Of `key`, newest first, announced values too; else empty."
    )


class MadeSettingAnswer(serializers.Serializer[Json]):
    key = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    valid_from = serializers.DateTimeField()


HISTORY_MAX = 100


class Settings(APIView):
    """What is in force now; a change is a new dated value."""

    def get(self, request: Request) -> Response:
        staff_access.staff_for(request, "accounts.view_setting")
        asked = read(request, SettingsQuery)
        named, key = asked.get("organization"), asked.get("key")
        organization = organization_named(named) if named else None
        standing = settings_history.all_at(organization, timezone.now())
        settings = [
            asdict(one) | {"about": DEFINITIONS[one.key].about}
            for one in standing
            if key in (None, one.key)
        ]
        history = _history(key, organization) if key else []
        return Response(SettingsAnswer({"settings": settings, "history": history}).data)

    def post(self, request: Request) -> Response:
        staff = staff_access.staff_for(request, "accounts.add_setting")
        asked = SettingRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        named, now = asked.validated_data.get("organization"), timezone.now()
        organization = organization_named(named) if named else None
        return idempotency.answer_once(
            request,
            organization,
            lambda: _set(staff, organization, asked.validated_data, now),
            now=now,
        )


def _set(
    staff: Staff, organization: Organization | None, said: Json, now: datetime
) -> Response:
    made = settings_history.set_value(
        said["key"],
        said["value"],
        organization=organization,
        actor=staff.actor,
        now=now,
        valid_from=said.get("valid_from"),
    )
    answer = {"key": made.key, "value": said["value"], "valid_from": made.valid_from}
    return Response(MadeSettingAnswer(answer).data, status=201)


def _history(key: str, organization: Organization | None) -> list[Json]:
    return [
        {
            "value": row.value,
            "valid_from": row.valid_from,
            "created_by": row.created_by.email if row.created_by else "",
        }
        for row in settings_history.history(key, organization)[:HISTORY_MAX]
    ]
