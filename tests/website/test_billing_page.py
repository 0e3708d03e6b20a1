"""What an organization sees of its money, and that buttons lead to the payment page."""

from datetime import timedelta
from uuid import uuid4

import pytest

from billing.models import Purchase, TopUp
from billing.providers import registry
from metering.balances import cycles, ledger
from metering.models import WalletTransaction
from tests.factories import metering as make
from tests.fakes import FakePayments
from tests.pages import stories
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

BILLING = "/dashboard/billing"


@pytest.fixture
def payments(monkeypatch, settings) -> FakePayments:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    fake = FakePayments()
    monkeypatch.setattr(registry, "get", lambda name: fake)
    return fake


@pytest.fixture
def buyer(catalogue, number, payments, owner, client_of):
    return client_of(owner)


def test_new_page_reads_right_without_anything(buyer):
    page = cheaply(buyer, BILLING)

    assert "100 minutes remaining" in page
    assert "100 min $25.00 $0.25 a minute" in page
    assert "No money has moved through the wallet yet" in page
    assert "Nothing was paid here yet" in page
    assert "No card is on file" in page


def test_what_is_overdue_without_a_card_says_whom_to_write_to(buyer, organization, now):
    cycles.set_standing(organization_id=organization.pk, standing="past_due", now=now)

    page = seen(buyer.get(BILLING))

    assert "A payment is overdue" in page
    assert "To settle what is overdue, write to" in page


def test_buying_leads_to_the_payment_page_at_our_price(buyer, organization):
    answer = buyer.post(
        f"{BILLING}/buy",
        {"organization": "acme-dental", "bundle": "minutes-100-usd", "price": "0.01"},
    )

    assert answer.url == "https://pay.example.com/purchase"
    assert str(Purchase.objects.get().price) == "25.000000"


@pytest.mark.parametrize(
    ("path", "form", "why"),
    [
        ("buy", {"bundle": "no-such"}, "This is not for sale"),
        ("buy", {"bundle": "minutes-100-usd", "provider": "other"}, "no payment provider"),
        ("subscribe", {"plan": "starter"}, "Choose to pay monthly or yearly"),
        ("subscribe", {"plan": "x", "period": "monthly"}, "There is no plan"),
        ("portal", {}, "nothing was bought by card"),
        ("top-up", {"amount": "1e3"}, "Write the amount in digits"),
        ("top-up", {"amount": "0.01"}, "The amount must be from"),
    ],
)
def test_what_cannot_be_sold_is_said_in_words(buyer, path, form, why):
    answer = buyer.post(f"{BILLING}/{path}", form)

    assert answer.status_code == 302
    assert why in seen(buyer.get(answer.url))


def test_member_sees_no_money(client_of, member, number):
    assert client_of(member).get(BILLING).status_code == 403


def test_return_page_waits_and_then_says_what_came(buyer, organization, now):
    buyer.post(f"{BILLING}/buy", {"bundle": "minutes-100-usd"})
    purchase = Purchase.objects.get()
    url = f"{BILLING}/success?organization=acme-dental&purchase={purchase.pk}"

    waiting = buyer.get(url)
    assert "Waiting for the payment provider 100 minutes for $25.00" in seen(waiting)
    assert b'http-equiv="refresh"' in waiting.content
    Purchase.objects.update(created_at=now - timedelta(minutes=5))
    assert "Still waiting for the confirmation" in cheaply(buyer, url)
    Purchase.objects.update(state="fulfilled", fulfilled_at=now)
    assert "100 minutes were credited" in seen(buyer.get(url))
    live = buyer.get(url.replace("success?", "success/live?"))
    assert b"data-live-end" in live.content
    assert not live.cookies


def test_return_page_shows_nobody_elses_purchase(buyer, client_of, stranger, now):
    buyer.post(f"{BILLING}/buy", {"bundle": "minutes-100-usd"})
    theirs = make.make_balances(now=now)
    theirs.memberships.create(user=stranger, role="admin", created_at=now)
    browser = client_of(stranger)

    for purchase in (Purchase.objects.get().pk, uuid4(), "x"):
        assert browser.get(f"{BILLING}/success?purchase={purchase}").status_code == 404
    assert "Nothing is on its way" in seen(browser.get(f"{BILLING}/success"))


def test_history_pages_do_not_overlap_and_end(buyer, organization, number, now):
    for minute in range(35):
        stories.talk(number, at=now - timedelta(minutes=60 - minute), seconds=30)

    first = buyer.get(f"{BILLING}/history")
    page = first.context["page"]
    second = buyer.get(page.next_url).context["page"]

    ids = [line.id for shown in (page, second) for line in shown.minutes.lines]
    assert len(ids) == len(set(ids)) == 35
    assert ids == sorted(ids, reverse=True)
    assert second.next_url == ""
    assert [line.used_after for line in page.minutes.lines[:2]] == [35, 34]


def test_history_is_narrowed_by_ledger_kind_and_day(buyer, organization, number, now):
    stories.talk(number, at=now, seconds=30)
    ledger.add_credit_minutes(
        organization_id=organization.pk,
        minutes=7,
        kind="bonus",
        reference="welcome",
        reason="Welcome",
        now=now,
    )

    added = cheaply(buyer, f"{BILLING}/history?kind=added")
    assert "Bonus 7 minutes added to the credit. Welcome." in added
    assert "+7" in added
    assert "Call +1" not in added
    tomorrow = (now + timedelta(days=1)).date().isoformat()
    assert "Nothing of this kind in this time" in seen(
        buyer.get(f"{BILLING}/history?first={tomorrow}")
    )
    assert "Nothing has moved yet" in seen(buyer.get(f"{BILLING}/history?ledger=wallet"))
    for nonsense in ("before=x", "first=0001-01-01", "last=9999-12-31", "kind=%00"):
        assert buyer.get(f"{BILLING}/history?{nonsense}").status_code == 200


def test_wallet_shows_the_balance_after_each_movement(client_of, owner, organization, now):
    card = make.make_card(when_exhausted="wallet", included_minutes=0)
    make.make_balances(now=now, organization=organization, card=card, wallet="20")
    number = stories.number_of(organization, now=now)
    stories.talk(number, at=now, seconds=120)

    page = cheaply(client_of(owner), f"{BILLING}/history?ledger=wallet")

    assert WalletTransaction.objects.count() == 2
    assert "\N{MINUS SIGN}$0.20 $19.80" in page
    assert "+ $20.00 $20.00" in page


def test_funds_are_added_and_the_return_page_says_when_they_came(buyer, now):
    answer = buyer.post(f"{BILLING}/top-up", {"amount": "50"})
    assert answer.url == "https://pay.example.com/purchase"
    url = f"{BILLING}/success?top_up={TopUp.objects.get().pk}"

    assert "$50.00 for the wallet" in seen(buyer.get(url))
    TopUp.objects.update(state="credited", closed_at=now)
    assert "The wallet is filled" in seen(buyer.get(url))
    assert "Nothing was charged" in seen(buyer.get(f"{BILLING}?payment=cancelled"))
