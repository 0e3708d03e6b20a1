"""What an organization has with us: taken away in one file, and erased for good."""

import csv
import io
import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import invitations, organizations
from accounts.errors import ErasedAlready, NotClosed, OnlyTheOwner, StillOwns
from accounts.models import ApiKey, Membership, Organization, User
from billing import archives, erasing
from billing.archive_sheets import LEFT_OUT, SHEETS
from billing.models import BillingDetails, Document, Erasure, Letter
from metering.models import Call, Export, UsageEvent
from metering.usage import record
from metering.verification.run import verify
from tests.factories import metering as make
from tests.factories.accounts import PASSWORD, make_key, make_member
from tests.pages import stories

pytestmark = pytest.mark.django_db

CALLER = "+4915112345678"
PLANTED = ("Zebra", "zebra", CALLER, "owner@example.com")


@pytest.fixture
def filled(organization, owner, now):
    """An organization with a planted word wherever people's data may lie."""
    Organization.objects.filter(pk=organization.pk).update(
        name="Zebra Dental", slug="zebra", billing_email="zebra@example.com"
    )
    organization.refresh_from_db()
    make.make_balances(now=now - timedelta(days=3), organization=organization)
    number = stories.number_of(organization, now=now)
    stories.talk(number, at=now - timedelta(hours=3), seconds=145)
    Call.objects.update(call_from=CALLER)
    record.record_api_call(
        organization, key="k1", metadata={"caller": CALLER, "note": "Zebra"}, now=now
    )
    invitations.invite(
        organization,
        email="zebra-friend@example.com",
        role="member",
        invited_by=owner,
        now=now,
    )
    make_key(organization=organization, scopes=["admin"])
    ApiKey.objects.update(name="Zebra key")
    BillingDetails.objects.create(
        organization=organization, name="Zebra", country="DE", updated_at=now
    )
    Letter.objects.create(
        organization=organization,
        key="l1",
        kind="low_usage",
        about="x",
        local_day=now.date(),
        address="zebra@example.com",
        words={"name": "Zebra"},
        next_attempt_at=now,
        created_at=now,
    )
    number.agent.name = "Zebra desk"
    number.agent.save()
    number.label = "Zebra front desk"
    number.save()
    for row in (number, number.agent):
        LogEntry.objects.create(
            user=owner,
            content_type=ContentType.objects.get_for_model(row),
            object_id=row.pk,
            object_repr="Zebra",
            action_flag=CHANGE,
        )
    return organization


def opened(path) -> dict[str, list[dict[str, str]]]:
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        return {
            name: list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
            if name.endswith(".csv")
        }


def places_of(*words: str) -> dict[str, int]:
    """The tables that still hold one of the words in any column."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" one WHERE one::text ~ %s',
                ["|".join(words).replace("+", "[+]")],
            )
            if count := cursor.fetchone()[0]:
                found[table] = count
    return found


def test_every_table_of_organizations_is_in_the_file_or_left_out_for_a_reason():
    ours = {
        model
        for model in apps.get_models()
        if model._meta.app_label in ("accounts", "metering", "billing")
        and any(field.name == "organization" for field in model._meta.concrete_fields)
    }
    inside = {sheet.model for sheet in SHEETS}

    assert ours - inside - set(LEFT_OUT) == set()
    assert inside & set(LEFT_OUT) == set()


def test_file_holds_all_of_ones_own_and_nothing_foreign(
    filled, other_organization, now, tmp_path
):
    make.make_balances(now=now, organization=other_organization)
    theirs = stories.number_of(other_organization, now=now)
    stories.talk(theirs, at=now, seconds=60)
    path = tmp_path / "all.zip"

    rows = archives.write_file(filled, path, now=now)
    tables = opened(path)

    assert set(tables) == {f"{sheet.name}.csv" for sheet in SHEETS}
    assert sum(map(len, tables.values())) == rows
    assert [one["call_from"] for one in tables["calls.csv"]] == [CALLER]
    assert tables["members.csv"][0]["user_email"] == "owner@example.com"
    assert json.loads(tables["usage_events.csv"][-1]["metadata"])["note"] == "Zebra"
    with ZipFile(path) as archive:
        text = b"".join(map(archive.read, archive.namelist())).decode()
        assert json.loads(archive.read("organization.json"))["slug"] == "zebra"
    assert str(other_organization.pk) not in text
    assert "argon2" not in text


def test_worker_makes_the_file_and_only_the_owner_gets_it(client_of, filled, owner):
    admin = make_member(organization=filled, role="admin", email="a@example.com")
    now = timezone.now()
    export = archives.request(filled, requested_by=owner, now=now)

    assert archives.due(now=now) == [export.pk]
    assert archives.make(export.pk, now=now)
    assert not archives.make(export.pk, now=now)

    url = f"/dashboard/exports/{export.pk}/file"
    answer = client_of(owner).get(url)
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "application/zip"
    assert len(content) == int(answer["Content-Length"])
    assert len(opened(io.BytesIO(content))["calls.csv"]) == 1
    assert client_of(admin).get(url).status_code == 404


def test_nothing_personal_is_left_and_the_books_still_add_up(filled, owner, now):
    assert len(places_of(*PLANTED)) > 8
    prices = list(Call.objects.values_list("price", "billed_minutes", "duration_seconds"))
    paper = Document.objects.create(
        organization=filled,
        provider="manual",
        kind="receipt",
        state="paid",
        currency="USD",
        subtotal=1,
        total=1,
        customer={"name": "Zebra"},
        issued_at=now,
        created_at=now,
    )
    with pytest.raises(NotClosed):
        erasing.erase(filled, actor="test", now=now)
    organizations.close(filled, actor=owner, now=now)

    counts = erasing.erase(filled, actor="test", now=now)
    erasing.erase_person(owner, actor="test", now=now)

    assert places_of(*PLANTED) == {"documents": 1}
    paper.refresh_from_db()
    assert paper.customer == {"name": "Zebra"}
    assert counts["calls"] == 1
    assert counts["usage events"] == 1
    assert (
        list(Call.objects.values_list("price", "billed_minutes", "duration_seconds"))
        == prices
    )
    assert not verify(now=now).findings
    assert Letter.objects.get().state == Letter.State.REFUSED
    erasing.erase(filled, actor="test", now=now)


def test_person_cannot_sign_in_again_but_is_not_torn_out_of_the_trail(
    client, organization, member, now
):
    erasing.erase_person(member, actor="test", now=now)
    erasing.erase_person(member, actor="test", now=now)

    answer = client.post(
        "/accounts/login/", {"login": "member@example.com", "password": PASSWORD}
    )
    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert not Membership.objects.filter(user=member).exists()
    assert places_of("member@example.com") == {}
    with pytest.raises(StillOwns):
        erasing.erase_person(organization.owner, actor="test", now=now)


def test_one_caller_is_erased_and_the_others_stay(filled, now):
    number = stories.number_of(filled, now=now)
    other = stories.talk(number, at=now, seconds=60)

    counts = erasing.erase_caller(filled, number="+49 151 1234-5678", actor="test", now=now)

    assert counts["calls"] == 1
    assert places_of(CALLER) == {}
    assert UsageEvent.objects.get(idempotency_key="k1").metadata == {"note": "Zebra"}
    assert Call.objects.exclude(call_from="erased").count() == 1
    assert other is not None


def test_usage_events_lose_their_notes_and_nothing_else(filled):
    event = UsageEvent.objects.get(idempotency_key="k1")
    for change in ("quantity = 5", "metadata = '{\"more\": 1}'", "unit_price = 0"):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE usage_events SET {change} WHERE id = %s", [event.pk])


def test_erasing_waits_and_can_be_taken_back(filled, owner, member, now):
    with pytest.raises(NotClosed):
        erasing.ask(filled, actor=owner, now=now)
    organizations.close(filled, actor=owner, now=now)
    with pytest.raises(OnlyTheOwner):
        erasing.ask(filled, actor=member, now=now)

    asked = erasing.ask(filled, actor=owner, now=now)
    assert erasing.ask(filled, actor=owner, now=now) == asked
    assert erasing.run_due(now=now + timedelta(days=29)) == 0
    erasing.withdraw(filled, actor=owner, now=now)
    erasing.withdraw(filled, actor=owner, now=now)
    assert erasing.run_due(now=now + timedelta(days=31)) == 0
    assert "organizations" in places_of("Zebra")

    erasing.ask(filled, actor=owner, now=now)
    assert erasing.run_due(now=now + timedelta(days=31)) == 1
    assert erasing.run_due(now=now + timedelta(days=31)) == 0
    assert "organizations" not in places_of("Zebra")
    with pytest.raises(ErasedAlready):
        erasing.withdraw(filled, actor=owner, now=now)


def test_commands_do_it_say_it_and_refuse_in_plain_words(filled, owner, now, tmp_path):
    out = io.StringIO()
    path = tmp_path / "all.zip"
    call_command("export_organization", "zebra", str(path), stdout=out)
    assert "rows" in out.getvalue()
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_organization", "zebra", str(path))
    with pytest.raises(CommandError, match="Close the organization first"):
        call_command("erase_organization", "zebra")
    with pytest.raises(CommandError, match="no organization 'nobody'"):
        call_command("erase_organization", "nobody")
    organizations.close(filled, actor=owner, now=now)

    call_command("erase_organization", "zebra", "--dry-run", stdout=out)
    assert "Would erase: 1 calls" in out.getvalue()
    assert Organization.objects.filter(slug="zebra").exists()
    out = io.StringIO()
    call_command("erase_organization", "zebra", "--json", stdout=out)
    assert json.loads(out.getvalue())["erased"]["calls"] == 1
    assert Erasure.objects.get().done_at
    call_command("erase_organization", "--person", "OWNER@example.com", stdout=out)
    assert not User.objects.filter(email="owner@example.com").exists()


def test_owner_walks_through_it_on_the_pages(client_of, filled, owner, member, monkeypatch):
    made = []
    monkeypatch.setattr("billing.tasks.make_archive.delay_on_commit", made.append)
    mine = client_of(owner)
    data = "/dashboard/settings/data"

    assert "Download everything" in mine.get(data).content.decode()
    assert client_of(member).get(data).status_code == 403
    page = mine.post(f"{data}/file", follow=True).content.decode()
    assert "Waiting" in page
    assert made == [str(Export.objects.get().pk)]

    unsure = mine.post(f"{data}/caller", {"number": CALLER}, follow=True)
    assert "Tick that you know" in unsure.content.decode()
    wrong = mine.post(f"{data}/caller", {"number": "x", "sure": "yes"}, follow=True)
    assert "begins with +" in wrong.content.decode()
    right = mine.post(f"{data}/caller", {"number": CALLER, "sure": "yes"}, follow=True)
    assert "erased from 1 call." in right.content.decode()

    close = mine.get("/dashboard/settings/close").content.decode()
    assert "1 API key stops working" in close
    assert "1 open invitation ends" in close
    mine.post("/dashboard/settings/close", {"typed": "Zebra Dental"})
    asked = mine.post(f"{data}/erase", {"wanted": "yes"}, follow=True)
    assert "will be erased on" in asked.content.decode()
    back = mine.post(f"{data}/erase", {"wanted": "no"}, follow=True)
    assert "Nothing will be erased." in back.content.decode()
