"""A plan in naira: begun by a verified card payment, renewed by Flutterwave, ended by us."""

import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.urls import reverse

from billing import checkout, payment_lists, pending
from billing.errors import NotSold, ProviderUnavailable
from billing.models import Payment, Plan, PlanCheckout, Subscription
from billing.providers import registry
from billing.subscriptions import changes, unrenewed
from billing.subscriptions.standing import GRACE
from metering.balances import months
from metering.models import Allowance, WalletTransaction
from tests.billing.flutterwave.conftest import NOW, balance, deliver, hint, work

pytestmark = pytest.mark.django_db

MONTH = months.boundary(NOW, 1)


@pytest.fixture
def synced(flutterwave, lagos) -> None:
    call_command("sync_flutterwave_plans", stdout=io.StringIO())


@pytest.fixture
def asked(flutterwave, lagos, synced) -> PlanCheckout:
    checkout.subscribe(
        organization=lagos,
        plan_code="wallet-starter-ngn",
        billing_period="monthly",
        provider="flutterwave",
        now=NOW,
    )
    return PlanCheckout.objects.get()


@pytest.fixture
def subscription(flutterwave, asked) -> Subscription:
    flutterwave.pay(asked, is_plan=True)
    deliver(flutterwave.last_hook())
    assert work() == ["processed"]
    return Subscription.objects.get()


def test_plans_are_made_once_and_their_ids_kept(flutterwave, lagos, capsys):
    call_command("sync_flutterwave_plans", "--dry-run")
    assert flutterwave.box.plans == {}
    call_command("sync_flutterwave_plans")
    assert len(flutterwave.box.plans) == 2
    ids = Plan.objects.get(code="wallet-starter-ngn").provider_ids["flutterwave"]
    assert int(ids["monthly"]) in flutterwave.box.plans
    capsys.readouterr()
    call_command("sync_flutterwave_plans", "--json")
    assert json.loads(capsys.readouterr().out) == {"changes": [], "notes": []}


def test_a_new_price_makes_a_new_plan_and_leaves_the_old_one_to_its_subscribers(
    flutterwave, synced, capsys
):
    Plan.objects.filter(code="wallet-starter-ngn").update(price_monthly=80000)
    call_command("sync_flutterwave_plans", "--json")
    told = json.loads(capsys.readouterr().out)
    assert [change["what"] for change in told["changes"]] == ["make payment plan", "plan"]
    assert "another price" in told["notes"][0]
    assert {row["status"] for row in flutterwave.box.plans.values()} == {"active"}


def test_a_plan_that_was_not_synced_is_not_sold(flutterwave, lagos):
    with pytest.raises(NotSold):
        checkout.subscribe(
            organization=lagos,
            plan_code="wallet-starter-ngn",
            billing_period="monthly",
            provider="flutterwave",
            now=NOW,
        )


def test_the_first_payment_begins_a_subscription_and_grants_the_wallet(
    flutterwave, lagos, asked, subscription
):
    asked.refresh_from_db()
    assert asked.state == "paid"
    assert subscription.organization == lagos
    assert (subscription.status, subscription.price) == ("active", 75000)
    assert (subscription.period_starts_at, subscription.period_ends_at) == (NOW, MONTH)
    assert subscription.customer_email == "ada@example.org"
    assert balance(lagos) == 75000
    assert WalletTransaction.objects.get().kind == "monthly_grant"
    allowance = Allowance.objects.get(organization=lagos)
    assert (allowance.standing, allowance.rolls_until) == ("good", MONTH + GRACE)


def test_the_address_stays_whatever_becomes_of_the_organizations(
    flutterwave, lagos, subscription
):
    lagos.billing_email = "new@example.org"
    lagos.save(update_fields=["billing_email"])
    _renew(flutterwave, subscription, MONTH, known=False)
    subscription.refresh_from_db()
    assert subscription.customer_email == "ada@example.org"
    assert subscription.payments.count() == 2


def test_a_plan_that_was_underpaid_is_not_served(flutterwave, lagos, asked):
    flutterwave.pay(asked, is_plan=True, amount=1)
    deliver(flutterwave.last_hook())
    assert work() == ["quarantined"]
    assert not Subscription.objects.exists()
    assert balance(lagos) == 0


def test_a_plan_paid_without_a_webhook_is_found_by_asking(flutterwave, lagos, asked):
    flutterwave.pay(asked, is_plan=True, hook=False)
    assert pending.verify_due(now=NOW + timedelta(minutes=11)) == 1
    assert Subscription.objects.get().status == "active"
    assert balance(lagos) == 75000


def _renew(flutterwave, subscription, at, **how):
    flutterwave.at(at)
    paid = flutterwave.control(f"renew/{subscription.provider_subscription_id}", **how)
    deliver(flutterwave.last_hook())
    states = work(now=at)
    flutterwave.at(NOW)
    return paid, states


def test_a_renewal_is_recognised_by_its_subscription_and_counts_once(
    flutterwave, lagos, subscription
):
    paid, states = _renew(flutterwave, subscription, MONTH + timedelta(minutes=90))
    assert states == ["processed"]
    deliver(hint(paid, again=1))
    work(now=MONTH + timedelta(hours=3))
    subscription.refresh_from_db()
    assert subscription.period_starts_at == MONTH
    assert subscription.payments.count() == 2
    assert balance(lagos) == 150000
    assert Allowance.objects.get(organization=lagos).rolls_until > MONTH + timedelta(28)


def test_a_renewal_may_repeat_the_reference_of_the_first_payment(
    flutterwave, lagos, asked, subscription
):
    reference = f"sb-plan-{asked.pk.hex}"
    _, states = _renew(flutterwave, subscription, MONTH, tx_ref=reference)
    assert states == ["processed"]
    assert balance(lagos) == 150000


def test_a_renewal_that_could_be_of_two_subscriptions_waits_for_staff(
    flutterwave, lagos, subscription
):
    first = dict(next(iter(flutterwave.box.subscriptions.values())))
    flutterwave.box.subscriptions[7] = first | {"id": 7, "_transactions": []}
    _, states = _renew(flutterwave, subscription, MONTH, known=False)
    assert states == ["quarantined"]
    assert Payment.objects.count() == 1


def test_an_underpaid_renewal_waits_for_staff(flutterwave, lagos, subscription):
    _, states = _renew(flutterwave, subscription, MONTH, amount=Decimal("74999.99"))
    assert states == ["quarantined"]
    assert balance(lagos) == 75000


def test_stopping_keeps_what_is_paid_and_starting_again_undoes_it(
    flutterwave, lagos, subscription
):
    adapter = registry.get("flutterwave")
    adapter.cancel_at_end(subscription.provider_subscription_id, key="")
    deliver(flutterwave.last_hook())
    work()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.cancel_at) == ("active", MONTH)
    assert unrenewed.notice(now=MONTH - timedelta(minutes=1)) == 0
    adapter.undo_cancel(subscription.provider_subscription_id, key="")
    assert unrenewed.go_on(
        subscription.provider_subscription_id, provider="flutterwave", now=NOW
    )
    subscription.refresh_from_db()
    assert subscription.cancel_at is None


def test_customers_stop_and_go_on_without_any_webhook(flutterwave, lagos, subscription):
    """Flutterwave tells nobody that a subscription was started again."""
    for _ in range(2):
        asked = changes.cancel_at_period_end(lagos, now=NOW)
        assert asked.ends_at == MONTH
        subscription.refresh_from_db()
        assert (subscription.status, subscription.cancel_at) == ("active", MONTH)
    (theirs,) = flutterwave.box.subscriptions.values()
    assert theirs["status"] == "cancelled"
    for _ in range(2):
        changes.undo_cancel(lagos, now=NOW)
        subscription.refresh_from_db()
        assert subscription.cancel_at is None
    assert theirs["status"] == "active"


def test_a_stop_that_the_provider_did_not_hear_changes_nothing(
    flutterwave, lagos, subscription
):
    flutterwave.control("faults", path="/cancel", kind="503", times=5)
    with pytest.raises(ProviderUnavailable):
        changes.cancel_at_period_end(lagos, now=NOW)
    subscription.refresh_from_db()
    assert subscription.cancel_at is None


def test_the_api_stops_and_goes_on(flutterwave, lagos, subscription, client_of):
    client = client_of(lagos.owner)
    for act, is_stopped in (("cancel", True), ("resume", False)):
        url = reverse(f"billing:subscription-{act}")
        answer = client.post(url, content_type="application/json")
        assert answer.status_code == 200, answer.content
        subscription.refresh_from_db()
        assert (subscription.cancel_at is not None) is is_stopped


def test_another_plan_is_refused_in_words_before_anybody_is_asked(
    flutterwave, lagos, subscription, client_of
):
    client = client_of(lagos.owner)
    asked = len(flutterwave.box.requests)
    for act in ("preview", "change"):
        answer = client.post(
            reverse(f"billing:subscription-{act}"),
            {"plan_id": "wallet-growth-ngn"},
            content_type="application/json",
        )
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "plan_stays"
    assert len(flutterwave.box.requests) == asked


def test_the_portal_is_our_own_billing_page(flutterwave, lagos, subscription, client_of):
    client = client_of(lagos.owner)
    answer = client.post(reverse("billing:portal"), content_type="application/json")
    assert answer.json()["url"].endswith(f"/dashboard/billing?organization={lagos.slug}")


def test_a_stopped_subscription_ends_with_its_period_and_the_wallet_stays(
    flutterwave, lagos, subscription
):
    registry.get("flutterwave").cancel_at_end(subscription.provider_subscription_id, key="")
    deliver(flutterwave.last_hook())
    work()
    assert unrenewed.notice(now=MONTH) == 1
    subscription.refresh_from_db()
    assert subscription.status == "canceled"
    allowance = Allowance.objects.get(organization=lagos)
    assert allowance.standing == "no_plan"
    assert balance(lagos) == 75000


def test_a_renewal_that_does_not_come_is_past_due_and_ends_after_the_grace(
    flutterwave, lagos, subscription
):
    assert unrenewed.notice(now=MONTH) == 1
    subscription.refresh_from_db()
    assert (subscription.status, subscription.past_due_since) == ("past_due", MONTH)
    assert Allowance.objects.get(organization=lagos).standing == "grace"
    assert unrenewed.notice(now=MONTH + GRACE - timedelta(seconds=1)) == 0
    assert unrenewed.notice(now=MONTH + GRACE) == 1
    subscription.refresh_from_db()
    assert subscription.status == "canceled"


def test_a_late_renewal_mends_what_was_past_due(flutterwave, lagos, subscription):
    unrenewed.notice(now=MONTH)
    _renew(flutterwave, subscription, MONTH + timedelta(hours=30))
    subscription.refresh_from_db()
    assert (subscription.status, subscription.past_due_since) == ("active", None)
    assert Allowance.objects.get(organization=lagos).standing == "good"


def test_a_renewal_whose_webhook_never_came_is_found_before_the_plan_ends(
    flutterwave, lagos, subscription
):
    at = MONTH + timedelta(minutes=90)
    flutterwave.at(at)
    flutterwave.control(f"renew/{subscription.provider_subscription_id}", hook=False)
    unrenewed.notice(now=at)
    assert payment_lists.compare(now=at + timedelta(hours=20)) == 0
    unrenewed.notice(now=MONTH + GRACE)
    subscription.refresh_from_db()
    assert (subscription.status, subscription.period_starts_at) == ("active", MONTH)
    assert balance(lagos) == 150000


def test_a_renewal_of_what_has_ended_here_waits_for_staff(flutterwave, lagos, subscription):
    """The plan is gone, so the money would lie in a wallet that no call is paid from."""
    for at in (MONTH, MONTH + GRACE):
        unrenewed.notice(now=at)
    _, states = _renew(flutterwave, subscription, MONTH + GRACE + timedelta(hours=1))
    assert states == ["quarantined"]
    assert balance(lagos) == 75000
    assert Allowance.objects.get(organization=lagos).standing == "no_plan"


def test_a_second_plan_that_was_paid_in_another_tab_waits_for_staff(
    flutterwave, lagos, synced
):
    for plan in ("wallet-starter-ngn", "wallet-growth-ngn"):
        checkout.subscribe(
            organization=lagos,
            plan_code=plan,
            billing_period="monthly",
            provider="flutterwave",
            now=NOW,
        )
    states = []
    for page in PlanCheckout.objects.order_by("amount"):
        flutterwave.pay(page, is_plan=True)
        deliver(flutterwave.last_hook())
        states += work()
    assert states == ["processed", "quarantined"]
    assert Subscription.objects.get().plan.code == "wallet-starter-ngn"
    assert balance(lagos) == 75000
