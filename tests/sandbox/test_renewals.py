"""Renewals, by the clock: exact periods, usage in arrears, trials."""

from datetime import UTC, datetime

import pytest

from tests.sandbox.shop import DAY, FAILS_LATER, item, moment


def _months(first: datetime, count: int) -> list[int]:
    """Ends of monthly periods as Stripe counts them, written out independently: the day of
    the anchor, or the last one of a month that has no such day."""
    ends = []
    for number in range(1, count + 1):
        year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
        month += 1
        leap = year % 4 == 0
        days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        ends.append(moment(year, month, min(first.day, days), first.hour))
    return ends


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_two_years_of_months_are_exact(shop, day) -> None:
    begin = datetime(2027, 1, day, 10, tzinfo=UTC)
    shop.begin(begin)
    subscription = shop.subscribe(shop.flat_price())
    ends = [item(subscription).current_period_end]
    for _ in range(23):
        shop.advance(to=ends[-1] + 2 * 3600)
        ends.append(item(shop.subscription(subscription.id)).current_period_end)
    assert ends == _months(begin, 24)
    invoices = shop.invoices(subscription)
    assert [row.status for row in invoices] == ["paid"] * 24
    periods = [row.lines.data[0].period for row in invoices]
    starts = [int(begin.timestamp()), *ends[:-1]]
    assert [(row.start, row.end) for row in periods] == list(zip(starts, ends, strict=True))


def test_two_years_in_one_leap_bill_the_same(shop) -> None:
    begin = datetime(2027, 1, 31, 10, tzinfo=UTC)
    shop.begin(begin)
    subscription = shop.subscribe(shop.flat_price())
    shop.advance(to=moment(2029, 1, 31, 9))
    invoices = shop.invoices(subscription)
    assert [row.lines.data[0].period.end for row in invoices] == _months(begin, 24)
    assert {row.total for row in invoices} == {36_600}


def test_a_year_from_february_29_ends_on_the_28th_until_the_next_leap_year(shop) -> None:
    shop.begin(datetime(2028, 2, 29, 12, tzinfo=UTC))
    subscription = shop.subscribe(shop.flat_price(395_280, interval="year"))
    ends = []
    for _ in range(5):
        ends.append(item(shop.subscription(subscription.id)).current_period_end)
        shop.advance(to=ends[-1] + 2 * 3600)
    assert ends == [
        moment(2029, 2, 28, 12),
        moment(2030, 2, 28, 12),
        moment(2031, 2, 28, 12),
        moment(2032, 2, 29, 12),
        moment(2033, 2, 28, 12),
    ]


def test_usage_of_a_period_is_on_the_invoice_that_begins_the_next(shop) -> None:
    subscription = shop.subscribe(shop.flat_price(), shop.metered_price())
    shop.report(subscription.customer, 7, "call:1:overage")
    shop.report(subscription.customer, 5, "call:2:overage")
    shop.advance(months=1, hours=2)
    first, second = shop.invoices(subscription)
    lines = {line.quantity: line for line in second.lines.data}
    assert (first.total, second.total) == (36_600, 36_600 + 12 * 50)
    assert lines[12].amount == 600
    assert lines[12].parent.type == "subscription_item_details"
    assert lines[1].period.start == lines[12].period.end
    assert second.billing_reason == "subscription_cycle"


def test_usage_told_of_while_the_invoice_is_a_draft_still_counts(shop) -> None:
    subscription = shop.subscribe(shop.flat_price(), shop.metered_price())
    start = item(subscription).current_period_start
    shop.advance(to=item(subscription).current_period_end + 60)
    draft = shop.invoices(subscription)[-1]
    assert (draft.status, draft.total) == ("draft", 36_600)
    assert draft.automatically_finalizes_at == draft.created + 3600
    shop.report(subscription.customer, 4, "late", timestamp=start + 5)
    shop.advance(hours=1)
    final = shop.v1.invoices.retrieve(draft.id)
    assert (final.status, final.total) == ("paid", 36_800)


def test_a_year_with_monthly_usage_is_billed_in_two_rhythms(shop) -> None:
    yearly = shop.subscribe(shop.flat_price(395_280, interval="year"))
    added = shop.v1.subscription_items.create(
        {"subscription": yearly.id, "price": shop.metered_price().id}
    )
    start = item(yearly).current_period_start
    assert added.current_period_start == start
    shop.report(yearly.customer, 3, "m1")
    shop.advance(months=1, hours=2)
    invoices = shop.invoices(yearly)
    assert [row.total for row in invoices] == [395_280, 150]
    subscription = shop.subscription(yearly.id)
    ends = {row.price.id: row.current_period_end for row in subscription["items"].data}
    assert ends[item(yearly).price.id] == item(yearly).current_period_end
    shop.advance(months=11)
    # The twelfth month and the second year meet on one invoice.
    last = shop.invoices(yearly)[-1]
    assert len(shop.invoices(yearly)) == 13
    assert sorted(line.amount for line in last.lines.data) == [0, 395_280]


def test_a_trial_ends_with_a_notice_and_the_first_real_invoice(shop) -> None:
    session = shop.checkout(
        {"price": shop.flat_price().id, "quantity": 1},
        customer=shop.customer().id,
        subscription_data={"trial_period_days": 14},
    )
    subscription = shop.subscription(shop.pay(session).subscription)
    shop.advance(days=10)
    assert "customer.subscription.trial_will_end" not in shop.happened()
    shop.advance(days=2)
    assert shop.happened().count("customer.subscription.trial_will_end") == 1
    shop.advance(days=2, hours=2)
    renewed = shop.subscription(subscription.id)
    assert (renewed.status, item(renewed).current_period_start) == (
        "active",
        subscription.trial_end,
    )
    assert renewed.billing_cycle_anchor == subscription.trial_end
    assert [row.total for row in shop.invoices(subscription)] == [0, 36_600]


def test_a_trial_that_ends_with_a_failing_card_is_past_due(shop) -> None:
    session = shop.checkout(
        {"price": shop.flat_price().id, "quantity": 1},
        customer=shop.customer().id,
        subscription_data={"trial_period_days": 14},
    )
    subscription = shop.subscription(shop.pay(session, FAILS_LATER).subscription)
    assert subscription.status == "trialing"
    shop.advance(days=14, hours=2)
    assert shop.subscription(subscription.id).status == "past_due"


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")],
)
def test_a_trial_that_ends_without_a_card(shop, behavior, status) -> None:
    subscription = shop.v1.subscriptions.create(
        {
            "customer": shop.customer().id,
            "items": [{"price": shop.flat_price().id}],
            "trial_period_days": 7,
            "trial_settings": {"end_behavior": {"missing_payment_method": behavior}},
        }
    )
    shop.advance(days=7, hours=2)
    assert shop.subscription(subscription.id).status == status


def test_a_trial_ended_early_begins_its_first_period_at_once(shop) -> None:
    session = shop.checkout(
        {"price": shop.flat_price().id, "quantity": 1},
        customer=shop.customer().id,
        subscription_data={"trial_period_days": 30},
    )
    subscription = shop.subscription(shop.pay(session).subscription)
    shop.advance(days=3)
    ended = shop.v1.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert ended.status == "active"
    assert item(ended).current_period_start == pytest.approx(shop.now(), abs=5)
    assert [row.total for row in shop.invoices(subscription)] == [0, 36_600]


def test_an_anchor_in_the_future_makes_a_short_first_period(shop) -> None:
    shop.begin(datetime(2027, 4, 16, tzinfo=UTC))
    subscription = shop.v1.subscriptions.create(
        {
            "customer": shop.customer(
                payment_method="pm_card_visa",
            ).id,
            "items": [{"price": shop.flat_price(30_000).id}],
            "billing_cycle_anchor": moment(2027, 5, 1),
            "default_payment_method": shop.v1.payment_methods.list(
                {"customer": shop.v1.customers.list().data[0].id}
            )
            .data[0]
            .id,
        }
    )
    # 15 of April's 30 days.
    assert [row.total for row in shop.invoices(subscription)] == [15_000]
    assert item(subscription).current_period_end == moment(2027, 5, 1)
    shop.advance(to=moment(2027, 5, 1, 2))
    assert shop.invoices(subscription)[-1].total == 30_000


def test_a_day_of_the_month_can_be_the_anchor(shop) -> None:
    shop.begin(datetime(2027, 1, 10, tzinfo=UTC))
    subscription = shop.v1.subscriptions.create(
        {
            "customer": shop.customer().id,
            "items": [{"price": shop.flat_price(31_000).id}],
            "billing_cycle_anchor_config": {"day_of_month": 31, "hour": 0},
            "payment_behavior": "default_incomplete",
        }
    )
    assert item(subscription).current_period_end == moment(2027, 1, 31)


def test_a_subscription_that_waits_a_day_for_its_first_payment_expires(shop) -> None:
    subscription = shop.v1.subscriptions.create(
        {
            "customer": shop.customer().id,
            "items": [{"price": shop.flat_price().id}],
            "payment_behavior": "default_incomplete",
        }
    )
    assert subscription.status == "incomplete"
    shop.advance(hours=22)
    assert shop.subscription(subscription.id).status == "incomplete"
    shop.advance(hours=1)
    assert shop.subscription(subscription.id).status == "incomplete_expired"
    assert shop.invoices(subscription)[0].status == "void"


def test_a_moment_before_the_end_nothing_is_renewed(shop) -> None:
    subscription = shop.subscribe(shop.flat_price())
    end = item(subscription).current_period_end
    shop.advance(to=end - 5)
    assert len(shop.invoices(subscription)) == 1
    shop.advance(to=end)
    assert len(shop.invoices(subscription)) == 2
    assert end - item(subscription).current_period_start >= 28 * DAY
