"""Payments that fail: retries, past due, the end, and the way back."""

import pytest
import stripe

from tests.sandbox.shop import (
    ASKS_ALWAYS,
    ASKS_ONCE,
    FAILS_LATER,
    GOOD,
    item,
)


def _renew_with(shop, card: str):
    """A subscription whose card is exchanged before its first renewal."""
    subscription = shop.subscribe(shop.flat_price())
    shop.control("POST", f"portal/{subscription.customer}", act="card", card=card)
    shop.advance(to=item(subscription).current_period_end + 2 * 3600)
    return shop.subscription(subscription.id)


def test_a_failed_renewal_is_tried_again_and_mended_by_another_card(shop) -> None:
    subscription = _renew_with(shop, FAILS_LATER)
    invoice = shop.invoices(subscription)[-1]
    assert (subscription.status, invoice.status) == ("past_due", "open")
    assert invoice.attempt_count == 1
    assert invoice.next_payment_attempt - shop.now() == pytest.approx(3 * 86_400, abs=3700)
    assert "invoice.payment_failed" in shop.happened()
    shop.advance(days=4)
    assert shop.v1.invoices.retrieve(invoice.id).attempt_count == 2
    shop.control("POST", f"portal/{subscription.customer}", act="card", card=GOOD)
    assert shop.subscription(subscription.id).status == "past_due"
    shop.advance(days=6)
    assert shop.v1.invoices.retrieve(invoice.id).status == "paid"
    assert shop.subscription(subscription.id).status == "active"


@pytest.mark.parametrize("end", ["past_due", "unpaid", "cancel"])
def test_after_the_last_try_the_settings_decide(shop, end) -> None:
    shop.control("POST", "settings", dunning_end=end)
    subscription = _renew_with(shop, FAILS_LATER)
    shop.advance(days=20)
    invoice = shop.invoices(subscription)[1]
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (4, None)
    expected = {"cancel": "canceled"}.get(end, end)
    assert shop.subscription(subscription.id).status == expected
    if end == "cancel":
        ended = shop.subscription(subscription.id)
        assert ended.cancellation_details.reason == "payment_failed"
        assert shop.happened()[-1] == "customer.subscription.deleted"


def test_an_unpaid_subscription_keeps_its_next_invoices_as_drafts(shop) -> None:
    shop.control("POST", "settings", dunning_end="unpaid")
    subscription = _renew_with(shop, FAILS_LATER)
    shop.advance(months=2)
    assert [row.status for row in shop.invoices(subscription)] == [
        "paid",
        "open",
        "draft",
        "draft",
    ]
    open_invoice = shop.invoices(subscription)[1]
    shop.v1.invoices.pay(open_invoice.id, {"payment_method": "pm_card_visa"})
    assert shop.subscription(subscription.id).status == "active"


def test_the_customer_pays_an_open_invoice_on_its_page(shop) -> None:
    subscription = _renew_with(shop, FAILS_LATER)
    invoice = shop.invoices(subscription)[-1]
    text = shop.open_page(invoice.hosted_invoice_url)
    assert "EUR 366.00" in text
    _, _, text = shop.submit(invoice.hosted_invoice_url, pick=FAILS_LATER)
    assert "declined" in text
    status, _, _ = shop.submit(invoice.hosted_invoice_url, pick=GOOD)
    assert status == 303
    assert shop.subscription(subscription.id).status == "active"


def test_a_renewal_that_asks_for_authentication_is_confirmed_on_a_page(shop) -> None:
    subscription = _renew_with(shop, ASKS_ALWAYS)
    invoice = shop.invoices(subscription)[-1]
    assert (subscription.status, invoice.status) == ("past_due", "open")
    assert {"invoice.payment_action_required", "invoice.payment_failed"} <= {
        *shop.happened()
    }
    payments = shop.v1.invoice_payments.list({"invoice": invoice.id})
    intent = shop.v1.payment_intents.retrieve(payments.data[0].payment.payment_intent)
    page = intent.next_action.redirect_to_url.url
    assert "Complete authentication" in shop.open_page(page)
    status, location, _ = shop.submit(page, outcome="complete")
    assert (status, location) == (303, f"/invoice/{invoice.id}")
    assert shop.subscription(subscription.id).status == "active"


def test_a_card_that_asks_once_renews_by_itself(shop) -> None:
    line = {"price": shop.flat_price().id, "quantity": 1}
    session = shop.pay(shop.checkout(line, customer=shop.customer().id), ASKS_ONCE)
    shop.advance(months=1, hours=2)
    subscription = shop.subscription(session.subscription)
    assert [row.status for row in shop.invoices(subscription)] == ["paid", "paid"]


def test_a_subscription_that_must_be_paid_at_once_leaves_no_trace_when_it_is_not(
    shop,
) -> None:
    customer = shop.customer(payment_method="pm_card_chargeCustomerFail")
    method = shop.v1.customers.payment_methods.list(customer.id).data[0]
    with pytest.raises(stripe.CardError) as refusal:
        shop.v1.subscriptions.create(
            {
                "customer": customer.id,
                "items": [{"price": shop.flat_price().id}],
                "default_payment_method": method.id,
                "payment_behavior": "error_if_incomplete",
            }
        )
    assert refusal.value.http_status == 402
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.v1.invoices.list().data == []


def test_an_incomplete_subscription_lives_once_its_invoice_is_paid(shop) -> None:
    customer = shop.customer(payment_method="pm_card_visa")
    subscription = shop.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": shop.flat_price().id}],
            "payment_behavior": "default_incomplete",
            "payment_settings": {"save_default_payment_method": "on_subscription"},
            "expand": ["latest_invoice.confirmation_secret"],
        }
    )
    invoice = subscription.latest_invoice
    assert invoice.confirmation_secret.client_secret.startswith("pi_")
    method = shop.v1.customers.payment_methods.list(customer.id).data[0]
    shop.v1.invoices.pay(invoice.id, {"payment_method": method.id})
    active = shop.subscription(subscription.id)
    assert (active.status, active.default_payment_method) == ("active", method.id)


def test_a_voided_invoice_forgives(shop) -> None:
    subscription = _renew_with(shop, FAILS_LATER)
    shop.v1.invoices.void_invoice(shop.invoices(subscription)[-1].id)
    assert shop.subscription(subscription.id).status == "active"


def test_a_bank_can_refuse_any_card_on_demand(shop) -> None:
    subscription = shop.subscribe(shop.flat_price())
    shop.control("POST", "faults", kind="card", decline_code="insufficient_funds")
    shop.advance(months=1, hours=2)
    assert shop.subscription(subscription.id).status == "past_due"
    charge = shop.v1.charges.list().data[0]
    assert (charge.status, charge.outcome.reason) == ("failed", "insufficient_funds")
    shop.advance(days=4)
    assert shop.subscription(subscription.id).status == "active"


def test_collection_can_be_paused_while_the_subscription_goes_on(shop) -> None:
    subscription = shop.subscribe(shop.flat_price())
    shop.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": "void"}}
    )
    shop.advance(months=1, hours=2)
    assert shop.subscription(subscription.id).status == "active"
    assert [row.status for row in shop.invoices(subscription)] == ["paid", "void"]
    shop.v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    shop.advance(months=1)
    assert shop.invoices(subscription)[-1].status == "paid"
