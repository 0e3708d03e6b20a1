"""Days are counted in the organization's zone; a new zone applies from tomorrow."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts import organizations
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 3, 10, 20, tzinfo=UTC)


def move(organization, zone, now):
    return organizations.describe(
        organization,
        name=organization.name,
        billing_email=organization.billing_email,
        timezone=zone,
        actor="test",
        now=now,
    )


def test_today_goes_on_as_it_began():
    moved = move(make.make_organization(timezone="Europe/Rome"), "Asia/Tokyo", EVENING)

    assert organizations.zone_at(moved, EVENING) == "Europe/Rome"
    assert organizations.zone_at(moved, datetime(2026, 3, 10, 22, 59, tzinfo=UTC)) == (
        "Europe/Rome"
    )
    assert (
        organizations.zone_at(moved, datetime(2026, 3, 10, 23, tzinfo=UTC)) == "Asia/Tokyo"
    )


def test_the_past_keeps_its_days_over_several_changes():
    first = make.make_organization(timezone="Europe/Rome")
    second = move(first, "Asia/Tokyo", EVENING)
    third = move(second, "America/Lima", EVENING + timedelta(days=9))

    assert organizations.zone_at(third, EVENING - timedelta(days=30)) == "Europe/Rome"
    assert organizations.zone_at(third, EVENING + timedelta(days=5)) == "Asia/Tokyo"
    assert organizations.zone_at(third, EVENING + timedelta(days=11)) == "America/Lima"


def test_a_zone_that_was_chosen_for_an_hour_never_counted_a_day():
    first = make.make_organization(timezone="Europe/Rome")
    second = move(first, "Asia/Tokyo", EVENING)
    third = move(second, "America/Lima", EVENING + timedelta(hours=1))

    assert organizations.zone_at(third, EVENING + timedelta(hours=2)) == "Europe/Rome"
    assert organizations.zone_at(third, EVENING + timedelta(hours=4)) == "America/Lima"
