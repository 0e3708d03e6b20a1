from datetime import UTC, datetime, timedelta

import pytest

from accounts import settings_history
from accounts.errors import InvalidDetail, SettingUnknown
from accounts.models import AuditEntry, Setting
from accounts.setting_definitions import DEFINITIONS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def put(key, value, organization=None, **when):
    return settings_history.set_value(
        key, value, organization=organization, actor="test", **({"now": NOW} | when)
    )


def test_default_holds_until_somebody_chooses(organization):
    assert settings_history.value_at("markup_percent", organization, NOW) == "25"

    put("markup_percent", "30")

    assert settings_history.value_at("markup_percent", organization, NOW) == "30"
    before = NOW - timedelta(microseconds=1)
    assert settings_history.value_at("markup_percent", organization, before) == "25"


def test_organizations_own_value_wins_and_is_nobody_elses(organization, other_organization):
    put("markup_percent", "30")
    put("markup_percent", "10", organization)

    assert settings_history.value_at("markup_percent", organization, NOW) == "10"
    assert settings_history.value_at("markup_percent", other_organization, NOW) == "30"
    assert settings_history.value_at("markup_percent", None, NOW) == "30"


def test_giving_up_ones_own_value_returns_to_the_platforms(organization):
    put("markup_percent", "30")
    put("markup_percent", "10", organization)
    put("markup_percent", None, organization, now=NOW + DAY)

    values = [
        settings_history.value_at("markup_percent", organization, NOW + days)
        for days in (0 * DAY, DAY)
    ]
    assert values == ["10", "30"]


def test_value_can_be_announced_and_holds_from_its_moment(organization):
    put("markup_percent", "40", valid_from=NOW + DAY)

    just_before = NOW + DAY - timedelta(microseconds=1)
    assert settings_history.value_at("markup_percent", organization, just_before) == "25"
    assert settings_history.value_at("markup_percent", organization, NOW + DAY) == "40"


def test_the_past_is_not_rewritten(organization):
    with pytest.raises(InvalidDetail, match="from now on"):
        put("markup_percent", "40", valid_from=NOW - timedelta(microseconds=1))

    assert not Setting.objects.exists()


@pytest.mark.parametrize("whose", ["platform", "organization"])
def test_one_value_per_moment(organization, whose):
    owner = organization if whose == "organization" else None
    put("markup_percent", "30", owner)

    with pytest.raises(InvalidDetail, match="at that moment"):
        put("markup_percent", "31", owner)
    assert settings_history.value_at("markup_percent", owner, NOW) == "30"


def test_unknown_setting_is_an_error_and_never_a_default(organization):
    with pytest.raises(SettingUnknown):
        settings_history.value_at("markup", organization, NOW)
    with pytest.raises(SettingUnknown):
        put("markup", "30")


def test_platforms_setting_is_not_for_one_organization(organization):
    with pytest.raises(InvalidDetail, match="platform's alone"):
        put("base_minute_cost", {"USD": "0.30"}, organization)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("markup_percent", "-1"),
        ("markup_percent", "1001"),
        ("markup_percent", "1e2"),
        ("markup_percent", "NaN"),
        ("markup_percent", "٢٥"),
        ("markup_percent", "0.1234567"),
        ("markup_percent", True),
        ("markup_percent", [25]),
        ("base_minute_cost", {}),
        ("base_minute_cost", {"usd": "0.20"}),
        ("base_minute_cost", {"USD": "much"}),
        ("low_usage_thresholds_percent", []),
        ("low_usage_thresholds_percent", [0]),
        ("low_usage_thresholds_percent", [80.5]),
        ("low_usage_thresholds_percent", [True]),
        ("refusal_texts", {"no_minutes": "Call {{phone}} now"}),
        ("refusal_texts", {"no_minutes": "See https://example.com"}),
        ("refusal_texts", {"no_minutes": ""}),
        ("refusal_texts", "Sorry"),
        ("end_unadmitted_calls", "yes"),
        ("retention_days", 0),
        ("retention_days", 30.5),
    ],
)
def test_value_that_makes_no_sense_is_refused_in_words(key, value):
    with pytest.raises(InvalidDetail, match="This must be|A currency is"):
        put(key, value)

    assert not Setting.objects.exists()


@pytest.mark.parametrize("key", DEFINITIONS)
def test_every_default_is_a_value_that_may_be_set(key):
    definition = DEFINITIONS[key]

    assert definition.check(definition.default) == definition.default


def test_change_leaves_a_trace_with_the_value(organization, staff):
    settings_history.set_value(
        "markup_percent", "30", organization=organization, actor=staff, now=NOW
    )

    entry = AuditEntry.objects.get(action="setting.set")
    assert (entry.actor, entry.organization) == (staff, organization)
    assert entry.detail["value"] == "30"
    assert [
        row.value for row in settings_history.history("markup_percent", organization)
    ] == ["30"]


def test_all_settings_are_listed_with_one_query(organization, django_assert_num_queries):
    put("markup_percent", "30")
    with django_assert_num_queries(1):
        listed = {one.key: one for one in settings_history.all_at(organization, NOW)}

    assert "base_minute_cost" not in listed
    assert (listed["markup_percent"].value, listed["markup_percent"].valid_from) == (
        "30",
        NOW,
    )
    assert listed["end_unadmitted_calls"].is_default
