"""Dated settings: what was, is and will be in force, for the platform and one organization.

Rows are added, never edited, so a past price can always be explained by the value of its
time. The keys are in `accounts.setting_definitions`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import JSONField, Max, QuerySet, Value

from accounts import audit
from accounts.audit import Actor
from accounts.errors import InvalidDetail, SettingUnknown
from accounts.models import Organization, Setting, User
from accounts.setting_definitions import DEFINITIONS, Definition

# By hand: settling asks it in every transaction, where building a query takes longer than
# answering it.
_NEWEST = """
    SELECT DISTINCT ON (key, organization_id) key, organization_id, value, valid_from
    FROM accounts_setting
    WHERE (organization_id IS NULL OR organization_id = ANY(%s)) AND key = ANY(%s)
      AND valid_from <= %s
    ORDER BY key, organization_id, valid_from DESC"""


@dataclass(frozen=True)
class InForce:
    """One setting as it stands; `valid_from` is since when somebody's choice holds."""

    key: str
    value: Any
    is_default: bool
    valid_from: datetime | None


class _Row(NamedTuple):
    value: Any
    valid_from: datetime


def value_at(key: str, organization: Organization | None, now: datetime) -> Any:
    """Return the value in force then: the organization's own, else the platform's, else the
    default. Raises SettingUnknown."""
    _definition(key)
    return _standing(key, organization, _rows_in_force([key], organization, now)).value


def values_at(
    keys: list[str], organization: Organization | None, now: datetime
) -> dict[str, Any]:
    """Return the values of several keys with one statement, as `value_at` would."""
    for key in keys:
        _definition(key)
    rows = _rows_in_force(keys, organization, now)
    return {key: _standing(key, organization, rows).value for key in keys}


def values_of(
    keys: list[str], organization_ids: list[UUID], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """Return the values of several keys for many organizations with one statement."""
    for key in keys:
        _definition(key)
    rows = _rows_of(organization_ids, keys, now)
    return {
        one: {key: _standing(key, Organization(pk=one), rows).value for key in keys}
        for one in organization_ids
    }


def all_at(organization: Organization | None, now: datetime) -> list[InForce]:
    """Return every setting that may be set there, as it stands, in the order of the table."""
    keys = [
        key
        for key, definition in DEFINITIONS.items()
        if organization is None or definition.per_organization
    ]
    rows = _rows_in_force(keys, organization, now)
    return [_standing(key, organization, rows) for key in keys]


def latest(keys: list[str]) -> str:
    """Return a mark that another choice of the platform for one of these keys changes: whoever
    fills in a form shows it again, and so learns that somebody was quicker."""
    rows = Setting.objects.filter(organization=None, key__in=keys)
    return str(rows.aggregate(last=Max("pk"))["last"] or 0)


def set_value(
    key: str,
    value: Any,
    *,
    organization: Organization | None,
    actor: Actor,
    now: datetime,
    valid_from: datetime | None = None,
) -> Setting:
    """Put a value in force from `valid_from` (else at once) on; None gives up one's own value.

    The past is never rewritten. Raises SettingUnknown, InvalidDetail.
    """
    starts = valid_from or now
    if starts < now:
        raise InvalidDetail("A setting can only change from now on.")
    kept = clean(key, value, organization)
    try:
        with transaction.atomic():
            setting = Setting.objects.create(
                organization=organization,
                key=key,
                # As a JSON null: having given up one's own value is history, too.
                value=Value(None, JSONField()) if kept is None else kept,
                valid_from=starts,
                created_at=now,
                created_by=actor if isinstance(actor, User) else None,
            )
            audit.record(
                organization=organization,
                actor=actor,
                action="setting.set",
                detail={"key": key, "value": kept, "valid_from": starts},
                now=now,
            )
    except IntegrityError as error:
        if "setting_one_value_per_moment" not in str(error):
            raise
        raise InvalidDetail("This setting changes at that moment already.") from error
    return setting


def clean(key: str, value: Any, organization: Organization | None) -> Any:
    """Return the value as it would be kept there. Raises SettingUnknown, InvalidDetail."""
    definition = _definition(key)
    if organization is not None and not definition.per_organization:
        raise InvalidDetail("This setting is the platform's alone.")
    if value is None:
        return None
    try:
        return definition.check(value)
    except ValueError as error:
        raise InvalidDetail(str(error)) from error


def history(key: str, organization: Organization | None) -> QuerySet[Setting]:
    """Return the rows of one key, newest first. Raises SettingUnknown."""
    _definition(key)
    rows = Setting.objects.filter(key=key, organization=organization)
    return rows.select_related("created_by").order_by("-valid_from")


def _rows_in_force(
    keys: list[str], organization: Organization | None, now: datetime
) -> dict[tuple[str, UUID | None], _Row]:
    """Return the newest row of each key for the organization and for the platform (None)."""
    return _rows_of([organization.pk] if organization else [], keys, now)


def _rows_of(
    organization_ids: list[UUID], keys: list[str], now: datetime
) -> dict[tuple[str, UUID | None], _Row]:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [organization_ids, keys, now])
        return {
            (key, organization_id): _Row(json.loads(value), valid_from)
            for key, organization_id, value, valid_from in cursor.fetchall()
        }


def _standing(
    key: str,
    organization: Organization | None,
    rows: dict[tuple[str, UUID | None], _Row],
) -> InForce:
    definition = DEFINITIONS[key]
    whose: list[UUID | None] = [None]
    if organization is not None and definition.per_organization:
        whose.insert(0, organization.pk)
    for owner in whose:
        row = rows.get((key, owner))
        # A null gives way to what would hold without the row.
        if row is not None and row.value is not None:
            return InForce(key, row.value, is_default=False, valid_from=row.valid_from)
    return InForce(key, definition.default, is_default=True, valid_from=None)


def _definition(key: str) -> Definition:
    if key not in DEFINITIONS:
        raise SettingUnknown
    return DEFINITIONS[key]
