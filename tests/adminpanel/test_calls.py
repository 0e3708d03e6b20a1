"""Staff find any call of any organization, see what it cost and brought, and why."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from adminpanel.calls import reports
from adminpanel.calls.asking import CallsForm, Wanted
from billing.models import ExchangeRate
from metering.calls import gate, settle
from metering.models import Call
from servicebilling.lib.keyset import InvalidCursor
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
QUERIES_MAX = 20

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def number(organization):
    make.make_balances(organization=organization, now=NOW)
    return make.make_number(organization=organization, valid_from=NOW)


def talk(number, call_id: str, *, at: datetime = NOW, cost: str = "0.12") -> Call:
    ref = make.call_ref(number, call_id=call_id)
    gate.admit(make.make_request(ref, at=at), now=at)
    report = make.make_report(ref, started_at=at, seconds=61, cost=cost)
    settle.settle([report], now=at + timedelta(seconds=61))
    return Call.objects.get(provider_call_id=call_id)


def wanted(**asked: str) -> Wanted:
    form = CallsForm(asked)
    assert form.is_valid(), form.errors
    return form.wanted(now=NOW + timedelta(days=1))


def found(**asked: str) -> list[str]:
    return [line.provider_call_id for line in reports.page(wanted(**asked)).lines]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(number):
    # Two at a time begin in the same moment.
    for place in range(7):
        talk(number, f"call-{place}", at=NOW + timedelta(minutes=place // 2))

    seen, cursor = [], ""
    while True:
        page = reports.page(Wanted(), cursor=cursor, limit=2)
        seen += [line.id for line in page.lines]
        cursor = page.next
        if not cursor:
            break

    in_order = Call.objects.order_by("-occurred_at", "-id")
    assert seen == list(in_order.values_list("id", flat=True))
    assert [line.id for line in reports.every(Wanted())] == seen


def test_file_is_read_in_batches_without_a_gap(number, monkeypatch):
    monkeypatch.setattr(reports, "_BATCH", 2)
    for place in range(5):
        talk(number, f"call-{place}", at=NOW)

    assert len({line.id for line in reports.every(Wanted())}) == 5


def multiply(call: Call, count: int) -> None:
    """Make many more of a call, one a minute, at once."""
    fresh = {
        "id": "gen_random_uuid()",
        "provider_call_id": "'copy-' || n",
        "occurred_at": "occurred_at - n * interval '1 minute'",
    }
    columns = [field.column for field in Call._meta.local_fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO calls ({', '.join(columns)})"
            f" SELECT {', '.join(fresh.get(name, name) for name in columns)}"
            " FROM calls, generate_series(1, %s) n",
            [count],
        )
        cursor.execute("ANALYZE calls")


@pytest.mark.breaks_books
def test_page_far_back_in_many_calls_reads_one_page_along_the_index(number):
    multiply(talk(number, "one"), 4_000)
    far = reports.page(Wanted(), limit=3_000).next
    with CaptureQueriesContext(connection) as asked:
        assert len(reports.page(Wanted(), cursor=far, limit=50).lines) == 50
    statement = next(one["sql"] for one in asked if '"calls"' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}")
        plan = "\n".join(row for (row,) in cursor.fetchall())

    assert "Index" in plan
    assert "Seq Scan on calls" not in plan
    scanned = re.search(r"on calls.*?\(actual rows=([0-9.]+)", plan)
    assert float(scanned[1]) <= 51, plan


def test_cursor_that_nobody_was_given_is_refused(in_group, client_of):
    with pytest.raises(InvalidCursor):
        reports.page(Wanted(), cursor="nonsense")
    browser = client_of(in_group("support"))
    assert browser.get("/admin/calls?cursor=nonsense").status_code == 400


def test_log_is_narrowed_by_whose_where_and_how(number, other_organization):
    make.make_balances(organization=other_organization, now=NOW)
    theirs = make.make_number(organization=other_organization, valid_from=NOW)
    talk(number, "ours")
    talk(theirs, "theirs", at=NOW + timedelta(days=1))
    Call.objects.filter(provider_call_id="theirs").update(
        status="estimated", ended_reason="no-report"
    )

    assert found() == ["theirs", "ours"]
    assert found(organization=number.organization.slug) == ["ours"]
    assert found(organization=str(other_organization.pk)) == ["theirs"]
    assert found(organization=other_organization.name.upper()) == ["theirs"]
    assert found(organization="nobody") == []
    assert found(number=number.e164) == ["ours"]
    assert found(status="estimated") == ["theirs"]
    assert found(ended_reason="no-report") == ["theirs"]
    assert found(call_id="ours") == ["ours"]
    assert found(first="2026-01-16") == ["theirs"]
    assert found(last="2026-01-15") == ["ours"]


def test_rare_calls_are_looked_for_within_a_bounded_time(number):
    assert wanted(status="failed").since == NOW - timedelta(days=30)
    assert wanted().since is None


@pytest.mark.parametrize(
    "asked",
    [
        {"first": "2026-01-02", "last": "2026-01-01"},
        {"first": "2020-01-01", "last": "2026-01-01"},
        {"first": "0001-01-01"},
        {"status": "no such"},
        {"organization": "x" * 81},
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_breaks(asked, in_group, client_of):
    reply = client_of(in_group("support")).get("/admin/calls", asked)

    assert reply.status_code == 200
    assert "staff-error" in reply.content.decode()


def test_margin_is_the_price_less_the_cost_in_the_organizations_currency(number):
    call = talk(number, "one", cost="0.12")
    Call.objects.filter(pk=call.pk).update(
        price=Decimal("0.30"), currency="EUR", minutes_from_plan=0, minutes_from_credit=0
    )
    assert reports.page(Wanted()).lines[0].margin is None

    for rate, since in (("0.5", -2), ("4", -1), ("9", 1)):
        ExchangeRate.objects.create(
            quote="EUR",
            rate=Decimal(rate),
            valid_from=NOW + timedelta(days=since),
            created_at=NOW,
        )

    line = reports.page(Wanted()).lines[0]
    assert (line.margin, line.is_loss) == (Decimal("-0.18"), True)


def test_minutes_paid_in_advance_make_no_loss(number):
    talk(number, "one", cost="0.12")

    line = reports.page(Wanted()).lines[0]

    assert (line.prepaid_minutes, line.margin) == (2, Decimal("-0.12"))
    assert not line.is_loss


def test_pages_cost_the_same_for_few_and_for_many(number, in_group, client_of):
    browser = client_of(in_group("finance"))
    counts = []
    for round_ in range(2):
        for place in range(4):
            talk(number, f"call-{round_}-{place}", at=NOW)
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(reverse("adminpanel:calls")).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1] <= QUERIES_MAX


def test_call_page_tells_allocation_hold_decision_and_messages(
    number, in_group, client_of, django_assert_max_num_queries
):
    call = talk(number, "one", cost="0.12")
    browser = client_of(in_group("finance"))

    with django_assert_max_num_queries(30):
        shown = browser.get(reverse("adminpanel:call", args=[call.pk])).content.decode()

    for said in ("2 of the plan", "admitted", "settled", "$0.12", "User-facing cost"):
        assert said in shown
    missing = reverse("adminpanel:call", args=["00000000-0000-7000-8000-000000000000"])
    assert browser.get(missing).status_code == 404


def test_support_sees_calls_and_no_money(number, in_group, client_of):
    call = talk(number, "one", cost="0.7654")
    browser = client_of(in_group("support"))

    for place in (
        reverse("adminpanel:calls"),
        reverse("adminpanel:call", args=[call.pk]),
        reverse("admin:metering_call_changelist"),
        reverse("admin:metering_call_change", args=[call.pk]),
    ):
        shown = browser.get(place)
        assert shown.status_code == 200
        for secret in ("0.77", "0.7654", "User-facing cost", "Margin"):
            assert secret not in shown.content.decode(), (place, secret)
    exported = b"".join(browser.post(reverse("adminpanel:calls-export")).streaming_content)
    assert b"one" in exported
    assert b"0.7654" not in exported
    assert b"cost" not in exported


def test_export_has_the_calls_that_were_asked_for_and_leaves_a_trace(
    number, in_group, client_of
):
    talk(number, "one", cost="0.12")
    talk(number, "two", at=NOW + timedelta(days=1))
    browser = client_of(in_group("finance"))

    reply = browser.post(f"{reverse('adminpanel:calls-export')}?last=2026-01-15")
    head, *rows = b"".join(reply.streaming_content).decode().splitlines()

    assert head.endswith("cost_usd,price,currency,margin")
    assert len(rows) == 1
    assert ",one," in rows[0]
    assert rows[0].endswith("USD,-0.120000")
    entry = AuditEntry.objects.get(action="calls.exported")
    assert entry.detail == {"last": "2026-01-15"}


def test_file_that_would_be_too_long_is_refused_in_words(
    number, in_group, client_of, monkeypatch
):
    monkeypatch.setattr(reports, "EXPORT_MAX", 1)
    talk(number, "one")
    talk(number, "two")
    reply = client_of(in_group("finance")).post(
        reverse("adminpanel:calls-export"), follow=True
    )

    assert "Choose a shorter time" in reply.content.decode()


def test_customers_and_nobody_do_not_get_in(owner, client, client_of):
    assert client.get("/admin/calls").status_code == 302
    assert client_of(owner).get("/admin/calls").status_code in (302, 403)
    assert client.post("/admin/calls/export").status_code == 302


@pytest.mark.breaks_books
def test_calls_that_lost_money_are_found_at_the_rate_of_their_day(number):
    european = make.make_balances(card=make.make_card(currency="EUR"), now=NOW)
    theirs = make.make_number(organization=european, valid_from=NOW)
    for days, rate in ((0, "2"), (2, "0.5")):
        at = NOW + timedelta(days=days)
        row = {"base": "USD", "quote": "EUR", "rate": rate}
        ExchangeRate.objects.create(**row, valid_from=at, created_at=at)
    for day in range(4):
        for line, name in ((number, "ours"), (theirs, "theirs")):
            talk(line, f"{name}-{day}", at=NOW + timedelta(days=day, hours=1), cost="0.12")
    # Priced by hand: what cards charge is proved elsewhere.
    Call.objects.update(minutes_from_plan=0, price="0.10")
    Call.objects.filter(provider_call_id="ours-0").update(price="0.12")
    Call.objects.filter(provider_call_id="ours-1").update(minutes_from_plan=1)
    Call.objects.filter(provider_call_id="ours-2").update(cost=None)

    asked = CallsForm({"only": "losses", "last": "2026-01-19"}, sees_money=True)
    assert asked.is_valid()
    lines = list(reports.every(asked.wanted(now=NOW + timedelta(days=5))))
    every = list(reports.every(Wanted()))
    assert {line.id for line in lines} == {line.id for line in every if line.is_loss}
    assert sorted(line.provider_call_id for line in lines) == [
        "ours-3",
        "theirs-0",
        "theirs-1",
    ]
    assert "only" not in CallsForm({"only": "losses"}).fields
