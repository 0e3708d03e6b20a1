"""Checkout: what a customer meets on the pay page, and what comes of it."""

import pytest
import stripe

from tests.sandbox.shop import (
    ASKS_ONCE,
    BAD_DEBIT,
    DEBIT,
    DECLINED,
    FAILS_LATER,
    GOOD,
    SUCCESS_URL,
    ControlError,
    item,
)


def test_a_bundle_is_paid_once_and_its_metadata_is_on_the_payment(shop) -> None:
    session = shop.bundle(2_500, customer=shop.customer().id)
    assert (session.payment_status, session.amount_total) == ("unpaid", 2_500)
    paid = shop.pay(session)
    intent = shop.v1.payment_intents.retrieve(
        paid.payment_intent, {"expand": ["latest_charge"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert intent.metadata["purchase"] == "9"
    assert intent.latest_charge.metadata["purchase"] == "9"
    assert (intent.status, intent.amount_received) == ("succeeded", 2_500)
    assert shop.happened()[-4:] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_session_that_was_paid_cannot_be_paid_again(shop) -> None:
    session = shop.bundle()
    shop.pay(session)
    with pytest.raises(ControlError, match="no longer open"):
        shop.pay(session)
    assert len(shop.v1.charges.list().data) == 1


def test_the_first_invoice_carries_the_flat_price_and_the_setup_fee(shop) -> None:
    flat, overage, fee = shop.flat_price(), shop.metered_price(), shop.one_time_price()
    customer = shop.customer()
    session = shop.checkout(
        {"price": flat.id, "quantity": 1},
        {"price": overage.id},
        {"price": fee.id, "quantity": 1},
        customer=customer.id,
        client_reference_id="org-7",
        metadata={"org_id": "7"},
        subscription_data={"metadata": {"org_id": "7", "plan_id": "growth"}},
    )
    paid = shop.pay(session)
    subscription = shop.v1.subscriptions.retrieve(
        paid.subscription, {"expand": ["latest_invoice.payments"]}
    )
    invoice = subscription.latest_invoice
    assert (paid.amount_total, invoice.total, invoice.status) == (61_500, 61_500, "paid")
    assert invoice.billing_reason == "subscription_create"
    assert sorted(line.amount for line in invoice.lines.data) == [24_900, 36_600]
    assert invoice.parent.subscription_details.metadata["plan_id"] == "growth"
    assert invoice.payments.data[0].status == "paid"
    assert subscription.status == "active"
    assert {row.price.id for row in subscription["items"].data} == {flat.id, overage.id}
    assert "current_period_end" not in subscription
    assert paid.client_reference_id == "org-7"
    assert subscription.metadata.to_dict() == {"org_id": "7", "plan_id": "growth"}
    assert subscription.default_payment_method.startswith("pm_")


def test_a_trial_charges_the_setup_fee_alone(shop) -> None:
    session = shop.checkout(
        {"price": shop.flat_price().id, "quantity": 1},
        {"price": shop.one_time_price().id, "quantity": 1},
        customer=shop.customer().id,
        subscription_data={"trial_period_days": 14},
    )
    assert session.amount_total == 24_900
    subscription = shop.subscription(shop.pay(session).subscription)
    assert subscription.status == "trialing"
    assert item(subscription).current_period_end == subscription.trial_end
    assert [row.total for row in shop.invoices(subscription)] == [24_900]


def test_a_trial_without_anything_to_pay_needs_no_payment(shop) -> None:
    session = shop.checkout(
        {"price": shop.flat_price().id, "quantity": 1},
        customer=shop.customer().id,
        payment_method_collection="if_required",
        subscription_data={"trial_period_days": 14},
    )
    paid = shop.pay(session)
    assert paid.payment_status == "no_payment_required"
    assert shop.subscription(paid.subscription).default_payment_method is None


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_a_declined_card_leaves_the_page_open_for_another(shop, mode) -> None:
    if mode == "payment":
        session = shop.bundle()
    else:
        line = {"price": shop.flat_price().id, "quantity": 1}
        session = shop.checkout(line, customer=shop.customer().id)
    with pytest.raises(ControlError, match="declined") as refusal:
        shop.pay(session, DECLINED)
    assert refusal.value.status == 402
    assert shop.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.pay(session, GOOD).payment_status == "paid"


def test_the_pay_page_says_what_it_is_and_leads_back(shop) -> None:
    session = shop.bundle(cancel_url="http://127.0.0.1:9/pricing?payment=cancelled")
    text = shop.open_page(session.url)
    assert "Sandbox." in text
    assert "USD 25.00" in text
    assert "http://127.0.0.1:9/pricing?payment=cancelled" in text
    status, location, _ = shop.submit(session.url, pick=GOOD, email="a@b.example")
    assert (status, location) == (
        303,
        SUCCESS_URL.replace("{CHECKOUT_SESSION_ID}", session.id),
    )
    assert "made already" in shop.open_page(f"/pay/{session.id}")


def test_the_pay_page_tells_of_a_refused_card(shop) -> None:
    session = shop.bundle()
    status, _, text = shop.submit(session.url, card="4000 0000 0000 0002")
    assert status == 200
    assert "Your card was declined." in text
    _, _, text = shop.submit(session.url, card="4111 1111 1111 1112")
    assert "Only test cards work here" in text


@pytest.mark.parametrize("mode", ["payment", "subscription", "setup"])
def test_a_card_that_asks_is_confirmed_on_a_second_page(shop, mode) -> None:
    customer = shop.customer().id
    if mode == "payment":
        session = shop.bundle(customer=customer)
    elif mode == "setup":
        session = shop.v1.checkout.sessions.create(
            {
                "mode": "setup",
                "currency": "eur",
                "customer": customer,
                "success_url": SUCCESS_URL,
            }
        )
    else:
        line = {"price": shop.flat_price().id, "quantity": 1}
        session = shop.checkout(line, customer=customer)
    status, _, text = shop.submit(session.url, pick=ASKS_ONCE)
    assert status == 200
    assert "Complete authentication" in text
    _, _, text = shop.submit(
        f"/pay/{session.id}/authenticate", card=ASKS_ONCE, outcome="fail"
    )
    assert "unable to authenticate" in text
    assert shop.v1.checkout.sessions.retrieve(session.id).status == "open"
    status, location, _ = shop.submit(
        f"/pay/{session.id}/authenticate", card=ASKS_ONCE, outcome="complete"
    )
    assert status == 303
    assert session.id in location
    assert shop.v1.checkout.sessions.retrieve(session.id).status == "complete"


def test_setup_keeps_a_card_that_fails_when_it_is_charged(shop) -> None:
    customer = shop.customer().id
    session = shop.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "eur",
            "customer": customer,
            "success_url": SUCCESS_URL,
        }
    )
    done = shop.pay(session, FAILS_LATER)
    intent = shop.v1.setup_intents.retrieve(done.setup_intent)
    assert (intent.status, done.payment_status) == ("succeeded", "no_payment_required")
    with pytest.raises(stripe.CardError) as refusal:
        shop.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "customer": customer,
                "payment_method": intent.payment_method,
                "off_session": True,
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
    assert refusal.value.error.decline_code == "generic_decline"


@pytest.mark.parametrize(
    ("account", "event"),
    [
        (DEBIT, "checkout.session.async_payment_succeeded"),
        (BAD_DEBIT, "checkout.session.async_payment_failed"),
    ],
)
def test_a_direct_debit_is_decided_days_later(shop, account, event) -> None:
    session = shop.pay(shop.bundle(), account)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert event not in shop.happened()
    shop.advance(days=4)
    assert event in shop.happened()
    expected = "paid" if account == DEBIT else "unpaid"
    assert shop.v1.checkout.sessions.retrieve(session.id).payment_status == expected


def test_a_subscription_paid_by_direct_debit_is_past_due_when_it_fails(shop) -> None:
    line = {"price": shop.flat_price().id, "quantity": 1}
    session = shop.pay(shop.checkout(line, customer=shop.customer().id), BAD_DEBIT)
    assert session.payment_status == "unpaid"
    assert shop.subscription(session.subscription).status == "active"
    shop.advance(days=4)
    assert shop.subscription(session.subscription).status == "past_due"
    assert "checkout.session.async_payment_failed" in shop.happened()


def test_a_promotion_code_is_typed_on_the_page(shop) -> None:
    coupon = shop.v1.coupons.create({"percent_off": 25, "duration": "once"})
    shop.v1.promotion_codes.create(
        {"code": "SPRING", "promotion": {"type": "coupon", "coupon": coupon.id}}
    )
    line = {"price": shop.flat_price(10_000).id, "quantity": 1}
    session = shop.checkout(line, customer=shop.customer().id, allow_promotion_codes=True)
    _, _, text = shop.submit(session.url, code="nonsense", act="code")
    assert "This code is invalid." in text
    _, _, text = shop.submit(session.url, code="spring", act="code")
    assert "EUR 75.00" in text
    subscription = shop.subscription(shop.pay(session).subscription)
    shop.advance(months=1, hours=2)
    assert [row.total for row in shop.invoices(subscription)] == [7_500, 10_000]


def test_a_discount_of_everything_leaves_nothing_to_pay(shop) -> None:
    coupon = shop.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = shop.bundle(discounts=[{"coupon": coupon.id}])
    assert (session.amount_subtotal, session.amount_total) == (2_500, 0)
    paid = shop.pay(session)
    assert (paid.payment_status, paid.payment_intent) == ("no_payment_required", None)


def test_an_invoice_documents_a_bundle_and_names_its_payment(shop) -> None:
    session = shop.pay(
        shop.bundle(
            customer=shop.customer().id,
            invoice_creation={
                "enabled": True,
                "invoice_data": {"metadata": {"purchase": "9"}},
            },
        )
    )
    invoice = shop.v1.invoices.retrieve(session.invoice, {"expand": ["payments"]})
    assert (invoice.status, invoice.total, invoice.parent) == ("paid", 2_500, None)
    assert invoice.metadata["purchase"] == "9"
    assert invoice.payments.data[0].payment.payment_intent == session.payment_intent
    assert len(shop.v1.charges.list().data) == 1


def test_a_session_expires_by_the_clock_and_by_request(shop) -> None:
    first, second = shop.bundle(), shop.bundle()
    assert shop.v1.checkout.sessions.expire(first.id).status == "expired"
    shop.advance(hours=25)
    assert shop.v1.checkout.sessions.retrieve(second.id).status == "expired"
    assert shop.happened().count("checkout.session.expired") == 2
    assert "expired" in shop.open_page(f"/pay/{second.id}")
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.checkout.sessions.expire(first.id)


def test_line_items_come_when_they_are_asked_for(shop) -> None:
    price = shop.flat_price()
    session = shop.checkout({"price": price.id, "quantity": 1})
    assert "line_items" not in session
    expanded = shop.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    listed = shop.v1.checkout.sessions.line_items.list(session.id)
    assert expanded.line_items.data[0].price.id == price.id == listed.data[0].price.id


def test_a_guest_becomes_a_customer_by_subscribing(shop) -> None:
    session = shop.checkout({"price": shop.flat_price().id, "quantity": 1})
    paid = shop.pay(session, email="guest@example.com", name="Guest")
    customer = shop.v1.customers.retrieve(paid.customer)
    assert (customer.email, paid.customer_details.email) == (
        "guest@example.com",
        "guest@example.com",
    )


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"payment_intent_data": {"metadata": {"a": "b"}}}, "payment_intent_data"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"billing_mode": {"type": "flexible"}}, "billing_mode"),
        ({"customer_update": {"address": "auto"}}, "customer_update"),
        ({"expires_at": 1}, "expires_at"),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "c"}]}, "discounts"),
        ({"line_items": []}, "line_items"),
        ({"mode": "payment"}, "line_items"),
        ({"success_url": ""}, "success_url"),
    ],
)
def test_what_stripe_refuses_is_refused_here_by_name(shop, params, where) -> None:
    good = {
        "mode": "subscription",
        "success_url": SUCCESS_URL,
        "line_items": [{"price": shop.flat_price().id, "quantity": 1}],
    }
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.direct.checkout.sessions.create(good | params)
    assert (refusal.value.http_status, refusal.value.param) == (400, where)
    assert shop.v1.checkout.sessions.list().data == []


def test_prices_of_different_intervals_do_not_go_into_one_checkout(shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="different billing intervals"):
        shop.checkout(
            {"price": shop.flat_price(interval="year").id, "quantity": 1},
            {"price": shop.metered_price().id},
        )


def test_usage_takes_no_quantity_in_a_checkout(shop) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="metered"):
        shop.checkout({"price": shop.metered_price().id, "quantity": 1})
