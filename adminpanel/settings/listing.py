"""Every dated setting of the platform: what holds, since when, by whom, what is next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts import settings_history
from accounts.models import Setting
from accounts.setting_definitions import DEFINITIONS
from adminpanel.settings import values
from metering.calls import refusals

HISTORY_MAX = 50


@dataclass(frozen=True, slots=True)
class SettingLine:
    key: str
    about: str
    value: str
    # None: the default has always been in force.
    since: datetime | None
    by: str
    next_value: str
    next_from: datetime | None
    # How many organizations have a value of their own.
    own: int


@dataclass(frozen=True, slots=True)
class Heard:
    rule: str
    now: str
    then: str


def lines(now: datetime) -> list[SettingLine]:
    """Return all settings in the order of their table; three statements."""
    rows = Setting.objects.filter(organization=None).select_related("created_by")
    newest = {
        row.key: row
        for row in rows.filter(valid_from__lte=now)
        .order_by("key", "-valid_from")
        .distinct("key")
    }
    coming = {
        row.key: row
        for row in rows.filter(valid_from__gt=now)
        .order_by("key", "valid_from")
        .distinct("key")
    }
    own = _own_values(now)
    return [
        _line(key, newest.get(key), coming.get(key), own.get(key, 0)) for key in DEFINITIONS
    ]


def history(key: str) -> list[tuple[Setting, str]]:
    """Return the platform's values, newest first, announced ones too. Raises
    `SettingUnknown`."""
    rows = settings_history.history(key, None)[:HISTORY_MAX]
    return [(row, _shown(key, row.value)) for row in rows]


def what_callers_hear(before: dict[str, str], after: dict[str, str]) -> list[Heard]:
    """Return the platform's sentence for each reason, by both texts."""
    return [
        Heard(
            rule,
            refusals.heard(rule, agent_text="", own={}, platform=before).words,
            refusals.heard(rule, agent_text="", own={}, platform=after).words,
        )
        for rule in refusals.WORDED
    ]


def _line(
    key: str, current: Setting | None, coming: Setting | None, own: int
) -> SettingLine:
    definition = DEFINITIONS[key]
    value = definition.default if current is None else current.value
    return SettingLine(
        key=key,
        about=definition.about,
        value=_shown(key, value),
        since=current.valid_from if current else None,
        by=str(current.created_by or "the system") if current else "",
        next_value=_shown(key, coming.value) if coming else "",
        next_from=coming.valid_from if coming else None,
        own=own,
    )


def _shown(key: str, value: Any) -> str:
    if value is None:
        return f"default: {values.written(DEFINITIONS[key].default) or 'none'}"
    return values.written(value) or "none"


def _own_values(now: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    newest = (
        Setting.objects.filter(organization__isnull=False, valid_from__lte=now)
        .order_by("key", "organization", "-valid_from")
        .distinct("key", "organization")
        .values_list("key", "value")
    )
    for key, value in newest:
        if value is not None:
            counts[key] = counts.get(key, 0) + 1
    return counts
