"""Files of calls, transactions and statements."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from metering.balances import ledger
from metering.calls import gate, settle
from metering.models import Call, Export, ExportPart
from metering.usage import export_rows, exports, monthly_statements
from metering.usage.errors import TooManyExports
from tests.factories import accounts
from tests.factories import metering as make

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 12, 22, 30, tzinfo=UTC)
JANUARY = {"first_day": date(2026, 1, 1), "last_day": date(2026, 1, 31)}


@pytest.fixture
def clinic():
    """In Berlin, from a wallet of 20 at 0.10 a minute by the second."""
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price="0.10", increments=(1, 1)
    )
    began = AT - timedelta(days=40)
    organization = accounts.make_organization(timezone="Europe/Berlin", now=began)
    return make.make_balances(now=began, card=card, organization=organization, wallet="20")


def talk(organization, *, at, seconds=90, number=None):
    number = number or make.make_number(
        organization=organization, valid_from=at - timedelta(days=1)
    )
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=at), now=at)
    settle.settle([make.make_report(ref, started_at=at, seconds=seconds)], now=at)
    return number


def made(organization, kind="calls", file_format="csv", **days):
    export = exports.request(
        organization,
        kind=kind,
        file_format=file_format,
        requested_by=None,
        shows_callers=True,
        now=AT,
        **JANUARY | days,
    )
    assert exports.make(export.pk, now=AT)
    return Export.objects.get(pk=export.pk)


def table(export):
    text = b"".join(exports.parts_of(export)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_calls_are_rows_in_local_time(clinic):
    number = talk(clinic, at=AT)
    talk(clinic, at=AT - timedelta(days=14), number=number)
    talk(clinic, at=AT - timedelta(days=1), seconds=30, number=number)

    export = made(clinic)
    rows = table(export)

    assert (export.state, export.rows) == ("done", 2)
    assert [row["duration_seconds"] for row in rows] == ["30", "90"]
    assert rows[1]["started_at"] == "2026-01-12T23:30:00+01:00"
    assert rows[1]["from"] == "+15550100"
    assert Decimal(rows[1]["price"]) == Decimal("0.15")
    assert "cost" not in rows[0]


def test_days_are_local_and_both_belong_to_it(clinic):
    number = talk(clinic, at=datetime(2026, 1, 11, 23, 30, tzinfo=UTC))
    talk(clinic, at=datetime(2026, 1, 12, 23, 30, tzinfo=UTC), number=number)
    day = date(2026, 1, 12)

    [row] = table(made(clinic, first_day=day, last_day=day))

    assert row["started_at"].startswith("2026-01-12T00:30")


def test_batches_leave_nothing_out_and_repeat_nothing(clinic, monkeypatch):
    monkeypatch.setattr(export_rows, "BATCH", 3)
    number = talk(clinic, at=AT)
    for minute in range(7):
        talk(clinic, at=AT - timedelta(minutes=minute // 3), number=number, seconds=5)

    for kind in ("calls", "minutes", "wallet"):
        rows = [
            row for row in table(made(clinic, kind)) if row.get("kind") != "cycle_close"
        ]
        found = {next(iter(row.values())) for row in rows}
        assert len(found) == len(rows) == 8, kind


def test_what_callers_typed_is_no_formula(clinic):
    number = talk(clinic, at=AT)
    number.agent.name = "=HYPERLINK(1)"
    number.agent.save()
    Call.objects.update(call_from="@SUM(1)", call_to="-1+2\x07", ended_reason="\t=1")

    [row] = table(made(clinic))

    assert row["agent"] == "'=HYPERLINK(1)"
    assert row["from"] == "'@SUM(1)"
    assert row["to"] == "'-1+2"
    assert row["reason"] == "'\t=1"


def test_xlsx_has_texts_as_texts_and_numbers_as_numbers(clinic):
    number = talk(clinic, at=AT)
    number.agent.name = "=1+1"
    number.agent.save()

    export = made(clinic, file_format="xlsx")
    book = zipfile.ZipFile(io.BytesIO(b"".join(exports.parts_of(export))))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()

    assert "=1+1" in sheet
    assert "<f>" not in sheet
    assert "<v>0.15</v>" in sheet
    assert book.read("xl/workbook.xml").decode().count("<sheet ") == 1


def test_ledgers_are_rows_with_their_balances(clinic):
    talk(clinic, at=AT)
    ledger.add_credit_minutes(
        organization_id=clinic.pk,
        minutes=50,
        kind="purchase",
        reference="test:1",
        now=AT,
    )

    minutes, wallet = table(made(clinic, "minutes")), table(made(clinic, "wallet"))

    assert [row["kind"] for row in minutes] == ["cycle_close", "usage", "purchase"]
    assert minutes[2]["credit_after"] == "50"
    assert Decimal(wallet[0]["balance_after"]) == Decimal("19.85")


def test_statement_tells_usage_and_what_moved(clinic, django_assert_num_queries):
    talk(clinic, at=AT)
    ledger.move_money(
        organization_id=clinic.pk,
        amount=Decimal(5),
        kind="top_up",
        reference="test:2",
        reason="Card",
        now=AT,
    )

    with django_assert_num_queries(7):
        found = monthly_statements.statement_of(clinic, month=date(2026, 1, 20))

    assert (found.voice.count, found.price) == (1, Decimal("0.15"))
    assert (found.wallet_opening, found.wallet_closing) == (Decimal(20), Decimal("24.85"))
    [top_up] = found.wallet_movements
    assert (top_up.kind, top_up.amount, top_up.reason) == ("top_up", Decimal(5), "Card")
    lines = table(made(clinic, "statement"))
    assert lines[0]["what"] == "voice_minute"
    assert lines[-1] == {
        "section": "wallet",
        "what": "closing balance",
        "quantity": "",
        "amount": "24.850000",
        "currency": "USD",
    }


def test_file_is_made_once(clinic):
    export = made(clinic)

    assert not exports.make(export.pk, now=AT)
    assert exports.due(now=AT) == []
    assert ExportPart.objects.count() == 1


def test_long_file_lies_in_parts(clinic, monkeypatch):
    monkeypatch.setattr(exports, "PART_BYTES", 200)
    monkeypatch.setattr("servicebilling.lib.spreadsheets._ROWS_PER_PART", 1)
    number = talk(clinic, at=AT)
    for minute in range(5):
        talk(clinic, at=AT - timedelta(minutes=minute), number=number)

    export = made(clinic)

    assert ExportPart.objects.filter(export=export).count() > 3
    assert len(table(export)) == 6
    assert export.size_bytes == sum(len(part) for part in exports.parts_of(export))


def test_worker_that_dies_is_followed_by_another_and_not_for_ever(clinic, monkeypatch):
    export = exports.request(
        clinic,
        kind="calls",
        file_format="csv",
        requested_by=None,
        shows_callers=True,
        now=AT,
        **JANUARY,
    )

    def die(*_):
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(exports, "_write", die)
        for attempt in range(3):
            with pytest.raises(SystemExit):
                exports.make(export.pk, now=AT + timedelta(minutes=attempt))
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("failed", 3)

    Export.objects.update(state="running", attempts=1, started_at=AT)
    assert exports.due(now=AT + timedelta(minutes=29)) == []
    assert exports.make(export.pk, now=AT + timedelta(minutes=31))


def test_only_so_many_at_once(clinic):
    for _ in range(exports.UNDER_WAY_MAX):
        exports.request(
            clinic,
            kind="calls",
            file_format="csv",
            requested_by=None,
            shows_callers=True,
            now=AT,
            **JANUARY,
        )

    with pytest.raises(TooManyExports):
        made(clinic)


def test_few_calls_are_small_and_a_statement_always_is(clinic, monkeypatch):
    talk(clinic, at=AT)
    calls, statement = made(clinic), made(clinic, "statement")
    assert exports.is_small(calls)

    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 0)
    assert not exports.is_small(calls)
    assert exports.is_small(statement)


def test_files_are_forgotten_after_a_week(clinic):
    made(clinic)

    assert exports.purge(now=AT + timedelta(days=6)) == 0
    assert (
        exports.recent(
            clinic, kinds=["calls"], sees_callers=True, now=AT + timedelta(days=8)
        )
        == []
    )
    assert exports.purge(now=AT + timedelta(days=8)) == 1
    assert ExportPart.objects.count() == 0
