"""A fetched subscription as a fact. Pure; reads the shapes of API 2026-10-28, where periods
belong to items."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast, get_args

from billing.events import (
    BillingPeriod,
    PeriodPaid,
    SubscriptionChanged,
    SubscriptionItem,
)
from billing.providers.stripe.client import NAME, Row
from billing.providers.stripe.subjects import text_id
from billing.providers.stripe.subscriptions import flat_item, is_metered

_PERIODS = {"month": "monthly", "year": "yearly"}


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def changed(subscription: Row) -> SubscriptionChanged | None:
    """Return a subscription as it is, or None if it is of no plan of ours.

    The plan is what the flat price says, which follows a change of plan; what was written at
    checkout stands in where a price says nothing.
    """
    rows = subscription["items"]["data"]
    if all(is_metered(row) for row in rows):
        return None
    price = flat_item(subscription)["price"]
    told = subscription.get("metadata") or {}
    said = price.get("metadata") or {}
    plan_code = said.get("plan") or told.get("plan_id")
    interval = _PERIODS.get((price.get("recurring") or {}).get("interval", ""))
    period = said.get("period") or told.get("billing_period") or interval
    if not plan_code or period not in get_args(BillingPeriod):
        return None
    return SubscriptionChanged(
        provider=NAME,
        subscription_id=subscription["id"],
        customer_id=text_id(subscription["customer"]),
        plan_code=plan_code,
        billing_period=cast(BillingPeriod, period),
        status=subscription["status"],
        created_at=moment(subscription["created"]),
        items=tuple(_item(row) for row in rows),
        trial_ends_at=_perhaps(subscription.get("trial_end")),
        cancel_at=_ends_at(subscription),
        canceled_at=_perhaps(subscription.get("canceled_at")),
        ended_at=_perhaps(subscription.get("ended_at")),
        **_next_plan(subscription, plan_code, period),
    )


def trial_without_invoice(subscription: Row) -> PeriodPaid:
    """Return the trial as a period for which nothing was due."""
    item = flat_item(subscription)
    starts_at = moment(item["current_period_start"])
    return PeriodPaid(
        provider=NAME,
        subscription_id=subscription["id"],
        invoice_id=f"trial:{subscription['id']}",
        starts_at=starts_at,
        ends_at=moment(item["current_period_end"]),
        amount=Decimal(0),
        currency=item["price"]["currency"].upper(),
        paid_at=starts_at,
    )


def _item(row: Row) -> SubscriptionItem:
    return SubscriptionItem(
        id=row["id"],
        price_id=row["price"]["id"],
        is_metered=is_metered(row),
        period_starts_at=moment(row["current_period_start"]),
        period_ends_at=moment(row["current_period_end"]),
    )


def _ends_at(subscription: Row) -> datetime | None:
    """The portal may set the date and leave the flag alone, so both are read. The flag means
    the period that ends first."""
    if subscription.get("cancel_at"):
        return moment(subscription["cancel_at"])
    if subscription.get("cancel_at_period_end"):
        rows = subscription["items"]["data"]
        return moment(min(row["current_period_end"] for row in rows))
    return None


def _next_plan(subscription: Row, *now: object) -> dict[str, Any]:
    """What a schedule of ours says; once it is in force, nothing is to come any more."""
    schedule = subscription.get("schedule")
    if not isinstance(schedule, dict) or schedule["status"] != "active":
        return {}
    said = schedule.get("metadata") or {}
    next_code, next_period = said.get("plan_id", ""), said.get("billing_period", "")
    is_known = next_code and next_period in get_args(BillingPeriod)
    if not is_known or (next_code, next_period) == now:
        return {}
    return {"next_plan_code": next_code, "next_billing_period": next_period}


def _perhaps(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
