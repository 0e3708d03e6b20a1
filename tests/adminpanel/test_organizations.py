"""Staff find an organization among many, see what happened to it, and correct its balances
once, within what their role may."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from adminpanel.organizations import reports, timeline
from adminpanel.organizations.orders import ORDERS
from adminpanel.organizations.reports import Wanted
from billing.models import Payment, Plan, Refund
from metering.balances import adjustments, ledger
from metering.calls import gate, settle
from metering.models import Allowance, MinuteTransaction, Wallet
from metering.verification.run import verify
from servicebilling.lib import money
from servicebilling.lib.keyset import InvalidCursor
from tests.factories import accounts
from tests.factories import metering as make
from tests.outgoing.test_payment_received import pay

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
QUERIES_MAX = 16

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def customer(organization) -> Organization:
    make.make_balances(organization=organization, now=NOW)
    return organization


def names(page: reports.Page) -> list[str]:
    return [line.name for line in page.lines]


def make_many(count: int) -> None:
    owner = accounts.make_user()
    for number in range(count):
        organization = accounts.make_organization(name=f"Shop {number:03}", owner=owner)
        make.make_balances(organization=organization, now=NOW)


def test_pages_follow_each_other_without_a_gap_or_a_repeat():
    make_many(8)
    expected = set(Organization.objects.values_list("name", flat=True))

    for order in ORDERS:
        found, cursor = [], ""
        while True:
            page = reports.page(Wanted(order=order), now=NOW, cursor=cursor, limit=3)
            found += names(page)
            cursor = page.next
            if not cursor:
                break
        assert (len(found), set(found)) == (8, expected), order


def test_each_order_begins_with_those_it_is_named_for():
    make_many(3)
    low, high, middle = Allowance.objects.order_by("organization__name")
    for allowance, credit, used in ((low, 5, 90), (high, 90, 1), (middle, 40, 30)):
        Allowance.objects.filter(pk=allowance.pk).update(
            credit_minutes=credit, minutes_used_this_cycle=used, plan_minutes=100
        )
        Wallet.objects.filter(pk=allowance.pk).update(balance=credit)
        Allowance.objects.filter(pk=allowance.pk).update(
            cycle_ends_at=NOW + timedelta(days=credit)
        )
    nearest, farthest = "Shop 000", "Shop 001"

    firsts = {
        order: names(reports.page(Wanted(order=order), now=NOW, limit=1))[0]
        for order in ORDERS
    }

    assert firsts == {
        "name": "Shop 000",
        "newest": "Shop 002",
        "used": nearest,
        "remaining": nearest,
        "credit": farthest,
        "debt": nearest,
        "wallet": farthest,
        "renewal": nearest,
    }


def test_page_that_nobody_was_given_is_refused(in_group, client_of):
    with pytest.raises(InvalidCursor):
        reports.page(Wanted(), now=NOW, cursor="nonsense")
    browser = client_of(in_group("support"))
    for asked in ({"cursor": "nonsense"}, {"order": "luck"}):
        assert browser.get(reverse("adminpanel:organizations"), asked).status_code == 400


def test_place_of_one_order_is_none_in_another():
    make_many(2)
    place = reports.page(Wanted(order="name"), now=NOW, limit=1).next

    with pytest.raises(InvalidCursor):
        reports.page(Wanted(order="newest"), now=NOW, cursor=place)


def test_plan_finds_those_who_keep_its_older_terms(organization, other_organization):
    for owner, code in ((organization, "solo-1"), (other_organization, "solo-plus-1")):
        card = make.make_card(code=code)
        make.make_balances(organization=owner, card=card, now=NOW)
    newest = make.make_card(code="solo-2")
    Plan.objects.create(code="solo", name="Solo!", currency="USD", rate_card=newest)

    found = reports.page(Wanted(plan="solo"), now=NOW)

    assert names(found) == [organization.name]
    [line] = found.lines
    assert (line.plan, line.plan_name, line.is_older_version) == ("solo", "Solo!", True)


def test_margin_is_what_was_paid_less_what_calls_cost_and_what_went_back(customer):
    number = make.make_number(organization=customer, valid_from=NOW)
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=NOW), now=NOW)
    settle.settle([make.make_report(ref, started_at=NOW, cost="0.04")], now=NOW)
    pay(customer)
    Refund.objects.create(
        organization=customer,
        provider="stripe",
        provider_id="back",
        payment=Payment.objects.get(),
        amount=Decimal(5),
        currency=customer.currency,
        is_effective=True,
        status="succeeded",
        created_at=NOW,
        updated_at=NOW,
    )

    assert reports.line_of(customer.pk, now=NOW).margin == 44 - Decimal("0.04")
    later = NOW + timedelta(days=40)
    assert reports.line_of(customer.pk, now=later).margin == 0


def test_organization_is_found_by_name_address_and_number(customer, other_organization):
    number = make.make_number(organization=customer, valid_from=NOW)

    for search in (
        customer.name[:4].upper(),
        customer.owner.email,
        customer.billing_email.upper(),
        number.e164,
        str(customer.pk),
    ):
        assert names(reports.page(Wanted(search=search), now=NOW)) == [customer.name]


def test_list_is_narrowed_by_standing_and_status(customer, other_organization):
    make.make_balances(organization=other_organization, now=NOW)
    Allowance.objects.filter(organization=customer).update(standing="past_due")
    Organization.objects.filter(pk=other_organization.pk).update(status="suspended")

    assert names(reports.page(Wanted(standing="past_due"), now=NOW)) == [customer.name]
    assert names(reports.page(Wanted(status="suspended"), now=NOW)) == [
        other_organization.name
    ]


def test_pages_cost_the_same_for_few_and_for_many(in_group, client_of):
    browser = client_of(in_group("support"))
    counts = []
    for _ in range(2):
        make_many(4)
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(reverse("adminpanel:organizations")).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1] <= QUERIES_MAX


def test_timeline_tells_everything_newest_first(customer):
    ledger.add_credit_minutes(
        organization_id=customer.pk, minutes=50, kind="purchase", reference="p:1", now=NOW
    )
    adjustments.adjust(
        "wallet",
        Decimal(5),
        organization=customer,
        reason="goodwill",
        actor=customer.owner,
        now=NOW.replace(hour=13),
    )
    Allowance.objects.update(standing="past_due")
    number = make.make_number(organization=customer, valid_from=NOW)
    for place in range(3):
        ref = make.call_ref(number, call_id=f"call-{place}")
        gate.admit(make.make_request(ref, at=NOW), now=NOW.replace(hour=14))

    happened = timeline.of(customer.pk)
    shown = [(one.kind, one.text) for one in happened if one.at >= NOW]

    assert ("Calls refused", "past due, 3 times") in shown
    assert ("Purchase", "+50 credit minutes, then 50") in shown
    assert [one.reversible != "" for one in happened if one.reason == "goodwill"] == [True]
    assert [one.at for one in happened] == sorted(
        (one.at for one in happened), reverse=True
    )


def adjusting(**fields) -> dict[str, str]:
    return {
        "counter": "credit_minutes",
        "way": "change",
        "value": "30",
        "reason": "goodwill",
        "adjustment_id": str(uuid4()),
    } | fields


def test_effect_is_shown_first_and_made_by_the_second_click_once(
    in_group, customer, client_of
):
    browser = client_of(in_group("finance"))
    url = reverse("adminpanel:organization-adjust", args=[customer.pk])
    form = adjusting()

    shown = browser.post(url, form)
    before = adjustments.counters_of(customer)
    for _ in range(2):
        browser.post(url, form | {"confirm": "yes"})

    assert "Confirm" in shown.content.decode()
    assert before.credit_minutes == 0
    assert adjustments.counters_of(customer).credit_minutes == 30
    assert MinuteTransaction.objects.get(kind="adjustment").actor.email == (
        "staff@example.org"
    )
    assert verify(now=timezone.now()).findings == []


def test_value_to_set_to_is_confirmed_as_the_change_that_was_shown(
    in_group, customer, client_of
):
    browser = client_of(in_group("finance"))
    url = reverse("adminpanel:organization-adjust", args=[customer.pk])

    shown = browser.post(url, adjusting(way="target", value="80"))

    assert '<input type="hidden" name="value" value="80">' in shown.content.decode()
    assert '<input type="hidden" name="way" value="change">' in shown.content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": "5001"}, "at most 5,000 minutes"),
        ({"counter": "wallet", "value": "5000.01"}, "at most 5,000 of the wallet"),
        ({"value": "1.5"}, "Minutes are whole"),
        ({"value": "-1"}, "0 credit minutes are free"),
        ({"value": "0"}, "A change of nothing"),
        ({"reason": "x"}, "at least 3 characters"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    in_group, customer, client_of, fields, said
):
    browser = client_of(in_group("finance"))
    url = reverse("adminpanel:organization-adjust", args=[customer.pk])

    page = browser.post(url, adjusting(**fields) | {"confirm": "yes"})

    assert said in page.content.decode()
    assert not MinuteTransaction.objects.exists()


def test_adjustment_is_taken_back_once(in_group, customer, client_of):
    browser = client_of(in_group("finance"))
    adjust = reverse("adminpanel:organization-adjust", args=[customer.pk])
    browser.post(adjust, adjusting() | {"confirm": "yes"})
    reference = MinuteTransaction.objects.get(kind="adjustment").reference
    page = browser.get(reverse("adminpanel:organization", args=[customer.pk]))

    for _ in range(2):
        browser.post(
            reverse("adminpanel:organization-reverse", args=[customer.pk]),
            {"reference": reference, "reason": "a slip"},
        )

    assert "Take back" in page.content.decode()
    assert adjustments.counters_of(customer).credit_minutes == 0
    assert MinuteTransaction.objects.filter(kind="adjustment").count() == 2


@pytest.mark.parametrize("page", ["organization-adjust", "organization-reverse"])
def test_support_reads_and_adjusts_nothing(in_group, customer, client_of, page):
    browser = client_of(in_group("support"))

    read = browser.get(reverse("adminpanel:organization", args=[customer.pk]))
    tried = browser.post(reverse(f"adminpanel:{page}", args=[customer.pk]), adjusting())

    assert read.status_code == 200
    assert "Adjust" not in read.content.decode()
    assert tried.status_code == 403
    assert not MinuteTransaction.objects.exists()


def test_organization_that_is_none_is_not_found(in_group, client_of):
    browser = client_of(in_group("admin"))

    assert (
        browser.get(reverse("adminpanel:organization", args=[uuid4()])).status_code == 404
    )


def test_organization_without_balances_is_shown(in_group, organization, client_of):
    browser = client_of(in_group("admin"))

    page = browser.get(reverse("adminpanel:organization", args=[organization.pk]))

    assert page.status_code == 200
    assert "no balances" in page.content.decode()


def test_taking_back_keeps_to_the_role_as_well(customer, in_group, client_of):
    done = adjustments.adjust(
        "credit_minutes",
        9_000,
        organization=customer,
        reason="a large order",
        actor="test",
        now=NOW,
    )
    place = reverse("adminpanel:organization-reverse", args=[customer.pk])
    asked = {"reference": done.reference, "reason": "a mistake"}

    client_of(in_group("finance")).post(place, asked)
    assert Allowance.objects.get().credit_minutes == 9_000
    client_of(in_group("admin")).post(place, asked)
    assert Allowance.objects.get().credit_minutes == 0


def test_timeline_hides_amounts_and_its_page_costs_a_bounded_number_of_queries(
    customer, in_group, client_of
):
    pay(customer)
    place = reverse("adminpanel:organization", args=[customer.pk])

    shown = client_of(in_group("finance")).get(place).content.decode()
    browser = client_of(in_group("support"))
    with CaptureQueriesContext(connection) as asked:
        hidden = browser.get(place).content.decode()

    amount = money.shown(Decimal(49), "USD")
    assert amount in shown
    assert amount not in hidden
    assert "some USD by stripe" in hidden
    paid = reverse("adminpanel:payment", args=[Payment.objects.get().pk])
    assert paid in shown
    # What support may not open is no link.
    assert paid not in hidden
    assert "/admin/billing/payment/" not in hidden.split('class="staff"')[1]
    assert len(asked) <= 40
