"""Sums by day and cycle can be computed anew from calls and events, and come out the same."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import organizations
from metering.models import BillingOverview, CycleUsage, DailyUsage, MonthlyUsage
from metering.usage import record
from tests.metering.story import begin as begin_story
from tests.usage.uses import begin, use, used

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def rebuild(*arguments: str) -> dict:
    out = StringIO()
    call_command("rebuild_rollups", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def move(organization, zone, now):
    return organizations.describe(
        organization,
        name=organization.name,
        billing_email=organization.billing_email,
        timezone=zone,
        actor="test",
        now=now,
    )


@pytest.fixture
def lived(now):
    """Calls, an estimate's correction, events, voids, and two changes of the time zone."""
    story = begin_story(now)
    story.talk(61)
    organization = story.owner
    used(organization, use("3", key="a"), use("2", key="b"), now=now)
    record.void(organization, key="a", now=now + HOUR)
    move(organization, "Asia/Tokyo", now)
    used(organization, use(), use("4", key="c", corrects="b"), now=now + 10 * HOUR)
    move(organization, "America/Lima", now + 30 * HOUR)
    used(organization, use(occurred_at=now + 13 * HOUR), use(), now=now + 60 * HOUR)
    return organization


def test_nothing_differs_after_a_life_with_changes(lived):
    assert rebuild("--dry-run") == {"organizations": 1, "differences": [], "corrected": 0}


@pytest.mark.breaks_books
def test_what_a_hand_broke_is_said_and_mended(lived):
    whole = list(DailyUsage.objects.order_by("id").values())
    DailyUsage.objects.filter(meter="api_call").update(quantity=99)
    CycleUsage.objects.update(quantity=100)
    DailyUsage.objects.filter(meter="voice_minute").delete()

    with pytest.raises(SystemExit):
        rebuild("--dry-run", "--organization", lived.slug)
    assert CycleUsage.objects.get().quantity == 100
    mended = rebuild("--organization", lived.slug)

    assert mended["corrected"] == len(mended["differences"]) >= 3
    assert rebuild("--dry-run")["differences"] == []
    without_ids = [{**row, "id": 0} for row in whole]
    assert sorted(
        ({**row, "id": 0} for row in DailyUsage.objects.values()), key=str
    ) == sorted(without_ids, key=str)


def test_an_unknown_organization_is_said(db):
    with pytest.raises(CommandError, match="no-such"):
        rebuild("--organization", "no-such")


def test_the_views_sum_the_month_and_the_cycle(now):
    story = begin_story(now)
    story.talk(61)
    story.talk(10)
    used(story.owner, use("5", meter="ai_query"), now=now)

    (month,) = MonthlyUsage.objects.filter(organization=story.owner)
    assert (str(month.month), month.total_calls, month.billed_minutes) == (
        f"{now:%Y-%m}-01",
        2,
        3,
    )
    by_meter = {row.meter: row for row in BillingOverview.objects.all()}
    assert by_meter["voice_minute"].quantity == 3
    assert by_meter["voice_minute"].included_quantity == 100
    assert by_meter["ai_query"].quantity == 5
    assert by_meter["ai_query"].included_quantity is None


def test_the_overview_names_meters_that_are_not_used_yet(now):
    organization = begin(now, wallet="1", included="3", quota="9")

    overview = BillingOverview.objects.get(organization=organization, meter="api_call")

    assert (overview.quantity, overview.included_quantity, overview.quota_limit) == (
        0,
        3,
        9,
    )
