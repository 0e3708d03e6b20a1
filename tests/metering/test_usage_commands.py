"""export_usage and backtest_forecast."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from metering.calls import gate, settle
from metering.usage import backtest
from metering.usage.models import DailyUsage
from tests.factories import accounts
from tests.factories import metering as make

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 12, 12, tzinfo=UTC)


@pytest.fixture
def clinic():
    began = AT - timedelta(days=1)
    organization = make.make_balances(
        now=began, organization=accounts.make_organization(name="Acme", now=began)
    )
    number = make.make_number(organization=organization, valid_from=began)
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=AT), now=AT)
    settle.settle([make.make_report(ref, started_at=AT, seconds=90)], now=AT)
    return organization


def run(name, *words):
    out = io.StringIO()
    call_command(name, *words, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_everybodys_month_is_a_row_per_meter(clinic):
    [row] = csv.DictReader(io.StringIO(run("export_usage", "--month", "2026-01")))

    assert row == {
        "organization": "acme",
        "month": "2026-01",
        "meter": "voice_minute",
        "count": "1",
        "quantity": "2.000000",
        "talk_seconds": "90",
        "price": "0.000000",
        "currency": "USD",
    }


def test_one_organizations_month_is_its_calls_or_its_ledger(clinic):
    words = ("--month", "2026-01", "--organization", "acme")

    [call] = csv.DictReader(io.StringIO(run("export_usage", *words)))
    [entry] = csv.DictReader(io.StringIO(run("export_usage", *words, "--kind", "minutes")))

    assert (call["duration_seconds"], entry["used_change"]) == ("90", "2")


def test_a_file_is_whole_or_not_there(clinic, tmp_path):
    path = tmp_path / "usage.xlsx"

    run("export_usage", "--month", "2026-01", "--format", "xlsx", "--output", str(path))

    assert zipfile.ZipFile(path).testzip() is None
    assert [one.name for one in tmp_path.iterdir()] == ["usage.xlsx"]


@pytest.mark.parametrize(
    "words",
    [
        ("--month", "2026-13"),
        ("--month", "٢٠٢٦-01"),
        ("--month", "2026-01", "--organization", "nobody"),
        ("--month", "2026-01", "--kind", "calls"),
        ("--month", "2026-01", "--format", "xlsx"),
        ("--month", "2026-01", "--output", "/nowhere/usage.csv"),
    ],
)
def test_what_cannot_be_written_is_said_plainly(clinic, words):
    with pytest.raises(CommandError, match=r"\.$"):
        run("export_usage", *words)


def lives(organization, days, *, until):
    DailyUsage.objects.bulk_create(
        DailyUsage(
            organization=organization,
            day=until - timedelta(days=len(days) - number),
            meter="voice_minute",
            quantity=quantity,
        )
        for number, quantity in enumerate(days)
    )


@pytest.mark.breaks_books
def test_forecast_of_steady_weeks_is_never_wrong(time_machine):
    time_machine.move_to(AT, tick=False)
    organization = accounts.make_organization(name="Steady", now=AT - timedelta(days=90))
    lives(organization, [10, 20, 30, 40, 50, 6, 4] * 10, until=AT.date())

    told = json.loads(run("backtest_forecast", "--json", "--days", "70"))
    table = run("backtest_forecast", "--days", "70")

    score = told["organizations"]["steady"]
    assert score == told["overall"]
    assert score["trials"] >= 8
    assert Decimal(score["mean_error_days"]) == 0
    assert Decimal(score["in_range_percent"]) == 100
    assert "steady" in table


@pytest.mark.breaks_books
def test_sudden_growth_is_seen_as_too_late(time_machine):
    organization = accounts.make_organization(now=AT - timedelta(days=90))
    lives(organization, [10] * 35 + [40] * 35, until=AT.date())

    trials = backtest.trials_of(
        organization,
        first=AT.date() - timedelta(days=70),
        last=AT.date() - timedelta(days=1),
    )

    assert backtest.score(trials).bias_days > 0
    assert any(not one.is_in_range for one in trials)


def test_without_history_the_forecast_cannot_be_tried(clinic):
    with pytest.raises(CommandError, match="too little history"):
        run("backtest_forecast")
    assert backtest.score([]) is None
