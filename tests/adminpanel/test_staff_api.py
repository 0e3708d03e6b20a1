"""Programs of those who run the service ask what staff see on their pages, each within the
rights of their role; what changes something happens once and leaves its trace."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Setting
from metering.calls import gate, settle
from metering.models import Allowance, Call, InboundMessage, MinuteTransaction
from metering.verification.run import verify
from tests.adminpanel.test_webhooks import message
from tests.factories import accounts
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
READS = ["organizations", "calls", "settings", "ledger", "webhooks"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def customer(organization):
    make.make_balances(organization=organization, now=timezone.now())
    return organization


@pytest.fixture
def program(key_client, service_key):
    return key_client(service_key)


def place(name: str) -> str:
    return f"/api/admin/{name}"


def post(client, name: str, body, **headers):
    return client.post(place(name), body, content_type="application/json", headers=headers)


def adjust(client, organization, body, **headers):
    return post(client, f"organizations/{organization.slug}/adjustments", body, **headers)


def talk(number, call_id: str, *, at: datetime) -> None:
    ref = make.call_ref(number, call_id=call_id)
    gate.admit(make.make_request(ref, at=at), now=at)
    settle.settle([make.make_report(ref, started_at=at, seconds=61)], now=at)


@pytest.mark.parametrize("name", READS)
def test_lists_open_to_staff_with_a_second_factor_and_to_the_service_key(
    name, customer, program, in_group, client_of
):
    for group in ("admin", "finance", "support"):
        person = in_group(group)
        assert client_of(person).get(place(name)).status_code == 200, group
        half = client_of(person, second_factor=False).get(place(name))
        assert half.status_code == 403
        assert "second factor" in half.json()["error"]["message"]
    assert program.get(place(name)).status_code == 200


@pytest.mark.parametrize("name", READS)
def test_staff_without_a_group_and_a_key_without_the_scope_get_nothing(
    name, staff, client_of, key_client
):
    key = accounts.make_key(organization=None, scopes=["usage:read", "billing:write"])

    for client in (client_of(staff), key_client(key)):
        assert client.get(place(name)).status_code == 403


def test_organizations_are_found_narrowed_and_paged(customer, other_organization, program):
    first = program.get(place("organizations"), {"limit": 1}).json()
    second = program.get(
        place("organizations"), {"limit": 1, "cursor": first["next"]}
    ).json()
    named = program.get(place("organizations"), {"search": customer.name[:4]}).json()

    slugs = [page["organizations"][0]["slug"] for page in (first, second)]
    assert slugs == [customer.slug, other_organization.slug]
    assert second["next"] is None
    [line] = named["organizations"]
    assert (line["slug"], line["standing"], line["minutes_remaining"]) == (
        customer.slug,
        "good",
        Allowance.objects.get().plan_minutes,
    )
    assert second["organizations"][0]["standing"] is None


@pytest.mark.parametrize("name", ["organizations", "calls", "ledger", "webhooks"])
def test_cursor_that_was_not_given_and_limit_beyond_reason_are_refused(name, program):
    for asked in ({"cursor": "nonsense"}, {"limit": "1e3"}, {"limit": "0"}):
        reply = program.get(place(name), asked)
        assert reply.status_code == 400
        assert set(reply.json()["error"]) <= {"code", "message", "fields"}


def test_amounts_are_hidden_from_support(customer, in_group, client_of):
    number = make.make_number(organization=customer, valid_from=NOW)
    talk(number, "one", at=timezone.now())
    support = client_of(in_group("support"))

    [line] = support.get(place("organizations")).json()["organizations"]
    [call] = support.get(place("calls")).json()["calls"]
    rows = support.get(place("ledger"), {"organization": customer.slug}).json()["rows"]
    wallet = support.get(place("ledger"), {"book": "wallet"})

    assert (line["wallet"], line["margin"]) == (None, None)
    assert (call["cost_usd"], call["price"], call["margin"]) == (None, None, None)
    assert call["billed_minutes"] == 2
    assert {row["amount"] for row in rows} == {None}
    assert wallet.status_code == 403


def test_calls_are_listed_with_cost_and_margin(customer, program):
    number = make.make_number(organization=customer, valid_from=NOW)
    for count in range(3):
        talk(number, f"call {count}", at=timezone.now() - timedelta(minutes=count))

    first = program.get(place("calls"), {"limit": 2}).json()
    rest = program.get(place("calls"), {"limit": 2, "cursor": first["next"]}).json()

    ids = [one["provider_call_id"] for one in (*first["calls"], *rest["calls"])]
    assert ids == ["call 0", "call 1", "call 2"]
    assert first["calls"][0]["organization"] == str(customer.pk)
    nobody = program.get(place("calls"), {"organization": "nobody"}).json()
    assert nobody == {"calls": [], "next": None}
    backwards = program.get(place("calls"), {"since": "2026-02-01", "until": "2026-01-01"})
    assert "until" in backwards.json()["error"]["fields"]


def test_adjustment_is_made_once_by_its_key_and_leaves_rows(customer, program):
    body = {"counter": "credit_minutes", "change": 30, "reason": "goodwill"}

    told = adjust(program, customer, body | {"dry_run": True})
    assert told.status_code == 200
    assert told.json()["after"]["credit_minutes"] == 30
    assert Allowance.objects.get().credit_minutes == 0

    replies = [
        adjust(program, customer, body, **{"Idempotency-Key": "one"}) for _ in range(2)
    ]
    other = adjust(program, customer, body | {"change": 31}, **{"Idempotency-Key": "one"})

    assert [one.status_code for one in replies] == [201, 201]
    assert replies[0].json() == replies[1].json()
    assert other.status_code == 409
    assert Allowance.objects.get().credit_minutes == 30
    assert MinuteTransaction.objects.filter(kind="adjustment").count() == 1
    entry = AuditEntry.objects.get(action="minutes.adjusted")
    assert entry.actor_label.startswith("key ")
    assert verify(now=timezone.now()).findings == []


def test_adjustment_to_a_value_and_by_id_of_the_organization(customer, program):
    reply = post(
        program,
        f"organizations/{customer.pk}/adjustments",
        {"counter": "wallet", "target": "12.50", "reason": "opening"},
    )

    assert reply.status_code == 201
    assert reply.json()["after"]["wallet"] == 12.5
    assert reply.json()["change"] == 12.5


@pytest.mark.parametrize(
    "body",
    [
        {"counter": "credit_minutes", "reason": "why not"},
        {"counter": "credit_minutes", "change": 1, "target": 2, "reason": "why not"},
        {"counter": "credit_minutes", "change": "1.5", "reason": "why not"},
        {"counter": "credit_minutes", "change": 5},
        {"counter": "love", "change": 5, "reason": "why not"},
        {"counter": "wallet", "change": "1e3", "reason": "why not"},
    ],
)
def test_adjustment_that_cannot_be_read_changes_nothing(body, customer, program):
    assert adjust(program, customer, body).status_code == 400
    assert not MinuteTransaction.objects.filter(kind="adjustment").exists()


def test_adjustment_keeps_to_the_role_and_to_the_books(
    customer, other_organization, in_group, client_of, program
):
    much = {"counter": "credit_minutes", "change": 5_001, "reason": "a mistake"}
    browser = client_of(in_group("finance"))

    assert adjust(browser, customer, much).json()["error"]["code"] == "not_adjusted"
    assert adjust(program, customer, much).status_code == 201
    taken = adjust(program, customer, much | {"change": -90_000})
    assert taken.status_code == 409
    assert adjust(program, other_organization, much).status_code == 409
    assert adjust(client_of(in_group("support")), customer, much).status_code == 403
    missing = post(program, "organizations/nobody/adjustments", much)
    assert missing.status_code == 404


def test_setting_is_changed_with_its_history(customer, program, in_group, client_of):
    body = {"key": "markup_percent", "value": "31"}

    made = post(program, "settings", body, **{"Idempotency-Key": "k"})
    again = post(program, "settings", body, **{"Idempotency-Key": "k"})

    assert (made.status_code, made.json()) == (again.status_code, again.json())
    assert Setting.objects.filter(key="markup_percent").count() == 1
    told = program.get(place("settings"), {"key": "markup_percent"}).json()
    assert [one["value"] for one in told["settings"]] == ["31"]
    assert [one["value"] for one in told["history"]] == ["31"]
    assert AuditEntry.objects.filter(action="setting.set").count() == 1
    wrong = post(program, "settings", {"key": "markup_percent", "value": "much"})
    assert wrong.status_code == 400
    assert post(client_of(in_group("support")), "settings", body).status_code == 403


def test_ledger_tells_rows_of_one_organization(customer, program):
    for change in (5, 7):
        adjust(
            program,
            customer,
            {"counter": "credit_minutes", "change": change, "reason": "goodwill"},
        )

    of_all = program.get(place("ledger"), {"limit": 1}).json()
    following = program.get(place("ledger"), {"limit": 1, "cursor": of_all["next"]}).json()
    kinds = program.get(
        place("ledger"), {"organization": customer.slug, "kind": "adjustment"}
    ).json()

    assert of_all["rows"][0]["credit_change"] == 7
    assert following["rows"][0]["credit_change"] == 5
    assert [row["credit_after"] for row in kinds["rows"]] == [12, 5]
    lonely = program.get(place("ledger"), {"kind": "adjustment"})
    assert lonely.status_code == 400


def test_message_is_rehearsed_then_replayed_once(customer, program):
    number = make.make_number(organization=customer, valid_from=NOW)
    row = message(number)
    name = f"webhooks/{row.pk}/replay"

    told = post(program, name, {"dry_run": True})
    assert told.status_code == 200
    assert {"what": "call billed_minutes", "before": None, "after": "2"} in told.json()[
        "changes"
    ]
    assert not Call.objects.exists()

    for _ in range(2):
        reply = post(program, name, {}, **{"Idempotency-Key": "again"})
        assert reply.status_code == 201
    assert Call.objects.get().billed_minutes == 2
    assert InboundMessage.objects.get().state == "processed"
    assert AuditEntry.objects.filter(action="messages.replayed").count() == 1
    listed = program.get(place("webhooks"), {"subject": "stored"}).json()["webhooks"]
    assert [one["state"] for one in listed] == ["processed"]


@pytest.mark.parametrize("source", ["telephony", "payments", "overage", "customers"])
def test_message_that_is_not_there_is_not_found(source, program):
    for row_id in ("1", "no-id", "99999999999999999999"):
        reply = post(program, f"webhooks/{row_id}/replay", {"source": source})
        assert reply.status_code == 404
    assert not AuditEntry.objects.filter(action="messages.replayed").exists()


def test_lists_cost_the_same_for_few_and_for_many(customer, program):
    number = make.make_number(organization=customer, valid_from=NOW)
    # Its first use is noted.
    program.get(place("organizations"))
    seen = []
    for size in (2, 9):
        for count in range(size):
            talk(number, f"call {size} {count}", at=timezone.now())
            message(number)
            made = accounts.make_organization(name=f"Shop {size} {count}")
            make.make_balances(organization=made, now=NOW)
        counts = {}
        for name in READS:
            with CaptureQueriesContext(connection) as asked:
                assert program.get(place(name)).status_code == 200
            counts[name] = len(asked)
        seen.append(counts)

    assert seen[0] == seen[1]
    assert max(seen[0].values()) <= 10
