"""Staff let the worker tell providers of the catalogue, and read what runs over providers found."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from billing import catalogue_telling, discrepancies, provider_runs
from billing.models import Plan, ProviderRun
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.offers import Change, Told

pytestmark = pytest.mark.django_db
TELL = reverse("adminpanel:catalogue-tell")


class Outside:
    """The edge of a provider that bills usage and keeps plans."""

    def __init__(self) -> None:
        self.told: list[bool] = []
        self.meanwhile = lambda: None

    def report_usage(self, report) -> None:
        raise AssertionError("nobody reports here")

    def tell_catalogue(self, offers, *, is_live_meant: bool) -> Told:
        self.told.append(is_live_meant)
        self.meanwhile()
        if not is_live_meant:
            raise ProviderError("this is a live key", retry=False)
        ids = {one.code: {"monthly": f"price_{one.code}"} for one in offers}
        return Told([Change("price", "cutoff_monthly", "made")], [], ids)


@pytest.fixture
def outside(monkeypatch, settings) -> Outside:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    made = Outside()
    monkeypatch.setattr(registry, "get", lambda name: made)
    monkeypatch.setattr("billing.tasks.wake_catalogue", lambda run_id: True)
    return made


def test_the_button_only_asks_and_asks_once(browser_as, outside, monkeypatch):
    woken: list[int] = []
    monkeypatch.setattr("billing.tasks.wake_catalogue", lambda id: woken.append(id) or True)
    browser = browser_as("admin")
    for _ in range(2):
        browser.post(TELL, {"provider": "stripe", "live": "yes"})

    row = ProviderRun.objects.get()
    assert woken == [row.pk]
    assert outside.told == []
    assert row.asked_by is not None
    assert AuditEntry.objects.filter(action="catalogue.telling_asked").count() == 1
    place = reverse("adminpanel:run", args=[row.pk])
    assert "waits for the worker" in browser.get(place).content.decode()

    for _ in range(2):
        catalogue_telling.tell(row.pk, now=timezone.now())

    assert outside.told == [True]
    assert "cutoff_monthly" in browser.get(place).content.decode()
    listed = browser.get(reverse("adminpanel:catalogue")).content.decode()
    assert f"run={row.pk}" in listed or place in listed
    assert (
        Plan.objects.get(code="cutoff").provider_ids["stripe"]["monthly"] == "price_cutoff"
    )


def test_what_fails_says_why_and_may_be_asked_again(browser_as, outside):
    browser = browser_as("admin")
    browser.post(TELL, {"provider": "stripe"})
    catalogue_telling.tell(provider_runs.waiting()[0], now=timezone.now())

    page = browser.get(reverse("adminpanel:catalogue")).content.decode()
    assert "this is a live key" in page
    browser.post(TELL, {"provider": "stripe", "live": "yes"})
    assert ProviderRun.objects.count() == 2


def test_plan_that_changed_while_it_was_told_gets_no_price_of_before(browser_as, outside):
    browser_as("admin").post(TELL, {"provider": "stripe", "live": "yes"})
    outside.meanwhile = lambda: Plan.objects.filter(code="cutoff").update(price_monthly=59)
    catalogue_telling.tell(provider_runs.waiting()[0], now=timezone.now())

    assert Plan.objects.get(code="cutoff").provider_ids == {}
    assert Plan.objects.get(code="payg").provider_ids != {}


def test_only_admins_ask_and_support_sees_no_run(browser_as, outside):
    for group, status in (("finance", 200), ("support", 403)):
        browser = browser_as(group)
        assert browser.post(TELL, {"provider": "stripe"}).status_code == 403
        assert browser.get(reverse("adminpanel:runs")).status_code == status
    browser = browser_as("admin")
    assert browser.post(TELL, {"provider": "paypal"}).status_code == 400
    assert not ProviderRun.objects.exists()


def test_run_shows_what_it_found_and_who_accepted_it(browser_as, staff, organization):
    browser, now = browser_as("finance"), timezone.now()
    with provider_runs.compared("overage", provider="", now=now) as tally:
        tally.looked_at = 7
        for subject in ("cus_1", "cus_2"):
            tally.note(
                discrepancies.open_one(
                    kind="usage_differs", provider="stripe", subject=subject, now=now
                ).pk
            )
    run = ProviderRun.objects.get()
    discrepancies.accept(run.differences[0], reason="our fault", actor=staff, now=now)

    listed = browser.get(reverse("adminpanel:runs"), {"kind": "overage"}).content.decode()
    page = browser.get(reverse("adminpanel:run", args=[run.pk])).content.decode()
    assert "2 differences" in listed
    assert "accepted: our fault" in page
    assert str(staff) in page
    assert page.count(">open<") == 1


def test_run_that_broke_is_kept_with_its_error():
    now = timezone.now()

    def breaks() -> None:
        with provider_runs.compared("payments", provider="flutterwave", now=now) as tally:
            tally.looked_at = 3
            raise ProviderError("no answer", retry=True)

    with pytest.raises(ProviderError):
        breaks()

    run = ProviderRun.objects.get()
    assert (run.error, run.looked_at_count, run.finished_at is not None) == (
        "no answer",
        3,
        True,
    )
    assert provider_runs.purge(now=now + timedelta(days=366)) == 1


def test_pages_of_runs_go_on_where_the_last_one_ended_at_the_same_cost(browser_as, staff):
    browser, now = browser_as("finance"), timezone.now()
    ProviderRun.objects.bulk_create(
        ProviderRun(
            kind="payments", asked_at=now, started_at=now, finished_at=now, asked_by=staff
        )
        for _ in range(60)
    )
    ids = list(ProviderRun.objects.order_by("-id").values_list("id", flat=True))
    with CaptureQueriesContext(connection) as asked:
        first = browser.get(reverse("adminpanel:runs")).content.decode()
    second = browser.get(reverse("adminpanel:runs"), {"before": ids[49]}).content.decode()

    assert len(asked) <= 12
    assert reverse("adminpanel:run", args=[ids[49]]) in first
    assert reverse("adminpanel:run", args=[ids[50]]) not in first
    assert reverse("adminpanel:run", args=[ids[50]]) in second
    assert browser.get(reverse("adminpanel:runs"), {"before": "x"}).status_code == 400
