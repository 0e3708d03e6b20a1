"""What is measured: for whoever has the token, right whichever process is asked."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts import periodic_runs
from billing import losses
from metering import tasks
from metering.models import Allowance, BookCheck, InboundMessage
from servicebilling.website import monitoring
from tests.factories import accounts
from tests.factories import metering as make
from tests.payloads import vapi_body

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "a-token-of-the-monitor"


@pytest.fixture
def scrape(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def scraped() -> dict[str, float]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        return {
            sample.name + "".join(f" {value}" for value in sample.labels.values()): (
                sample.value
            )
            for family in text_string_to_metric_families(response.content.decode())
            for sample in family.samples
        }

    return scraped


@pytest.mark.django_db
@pytest.mark.parametrize(
    "shown",
    ["", TOKEN, "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}é"],
)
def test_without_the_token_there_is_no_such_page(client, settings, shown):
    settings.METRICS_TOKEN = TOKEN
    headers = {"Authorization": shown} if shown else {}
    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.django_db
def test_where_no_token_is_set_nobody_gets_in(client, settings):
    settings.METRICS_TOKEN = ""
    for shown in ("", "Bearer", "Bearer "):
        assert client.get("/metrics", headers={"Authorization": shown}).status_code == 404


@pytest.mark.django_db
def test_calls_are_counted_and_timed(organization_with_number, post, scrape):
    before = scrape()
    post(vapi_body("01"))
    post(vapi_body("04"))
    Allowance.objects.update(standing="past_due")
    post(vapi_body("01").replace(b"-4f", b"-5a"))
    after = scrape()

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more("servicebilling_admission_seconds_count decided") == 2
    assert more("servicebilling_settle_seconds_count") == 1
    assert more("servicebilling_responses_total 2xx") == 4


@pytest.mark.django_db
def test_refusals_are_counted_by_rule(acme, post, scrape):
    name = "servicebilling_calls_refused_total unknown_number"
    before = scrape().get(name, 0)
    post(vapi_body("01"))
    assert scrape()[name] - before == 1


@pytest.mark.django_db
def test_what_waits_is_told_with_its_age():
    now = timezone.now()
    InboundMessage.objects.create(
        provider="vapi",
        kind="end-of-call-report",
        external_id="1",
        state="received",
        received_at=now - timedelta(minutes=20),
        next_attempt_at=now,
    )
    figures = {
        (one.name, *one.labels.values()): one.value for one in monitoring.read(now=now)
    }
    assert figures["inbox_age_seconds", "calls"] == pytest.approx(1200, abs=1)
    assert figures["inbox_waiting", "calls"] == 1
    assert figures["inbox_age_seconds", "payments"] == 0
    assert ("heartbeat_age_seconds",) not in figures


@pytest.mark.django_db
def test_the_heartbeat_is_told_and_the_books_are_checked(scrape):
    organization = make.make_balances(
        organization=accounts.make_organization(), now=timezone.now()
    )
    tasks.heartbeat()
    tasks.check_books()
    assert scrape()["servicebilling_heartbeat_age_seconds"] < 60
    assert scrape()["servicebilling_ledger_findings"] == 0
    assert BookCheck.objects.get().rows_checked > 0

    Allowance.objects.filter(organization=organization).update(credit_minutes=7)
    BookCheck.objects.all().delete()
    periodic_runs.PeriodicRun.objects.all().delete()
    tasks.check_books()
    found = BookCheck.objects.get()
    assert found.findings_count > 0
    assert organization.slug in {one["organization"] for one in found.findings}
    assert scrape()["servicebilling_ledger_findings"] == found.findings_count


@pytest.mark.django_db
def test_each_alert_asks_for_a_metric_that_exists_and_has_its_page(
    scrape, organization_with_number, post
):
    tasks.heartbeat()
    tasks.check_books()
    losses.look(now=timezone.now())
    post(vapi_body("01"))
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    asked = set(re.findall(r"servicebilling_[a-z_]+", rules))
    known = {name.split(" ")[0] for name in scrape()}
    # Counted only once it has happened.
    known |= {
        "servicebilling_calls_refused_total",
        "servicebilling_messages_not_stored_total",
        "servicebilling_settle_seconds_bucket",
    }
    assert asked <= known, asked - known
    runbook = (ROOT / "docs" / "operations.md").read_text()
    alerts = re.findall(r"alert: (\w+)", rules)
    assert len(alerts) > 10
    for alert in alerts:
        assert f"### {alert}\n" in runbook, alert


@pytest.mark.django_db
def test_every_gauge_of_the_tables_is_watched(scrape):
    """What nobody is told of need not be measured."""
    tasks.heartbeat()
    tasks.check_books()
    losses.look(now=timezone.now())
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    for figure in monitoring.read(now=timezone.now()):
        assert f"servicebilling_{figure.name}" in rules, figure.name
