"""Another plan from the period's end on: a subscription schedule of two phases, the one that
is paid and the one that follows it. Once the second is in force, the schedule is let go."""

from typing import Any

from billing.providers.base import ProviderError
from billing.providers.orders import LaterPlan
from billing.providers.stripe.client import Gateway, Row
from billing.providers.stripe.subjects import text_id
from billing.providers.stripe.subscriptions import (
    flat_item,
    is_metered,
    retrieve,
    undo_cancel,
)

OPEN = ("not_started", "active")
_INTERVALS = {"monthly": "month", "yearly": "year"}


def change_at_end(
    gateway: Gateway, subscription_id: str, *, plan: LaterPlan, key: str
) -> None:
    """Let a subscription renew with another plan; what was planned before is replaced.

    An end that was asked for is taken back: whoever wants a lower plan goes on.
    """
    undo_cancel(gateway, subscription_id, key=f"{key}:go-on")
    schedule, found = _schedule_of(gateway, subscription_id, key)
    running = schedule.get("current_phase") or schedule["phases"][0]
    params: Any = {
        "end_behavior": "release",
        "metadata": {"plan_id": plan.plan_code, "billing_period": plan.billing_period},
        "phases": [
            {
                "items": [_as_ordered(item) for item in found["items"]["data"]],
                "start_date": running["start_date"],
                "end_date": flat_item(found)["current_period_end"],
                "proration_behavior": "none",
            },
            {
                "items": _items_of(plan),
                "duration": {"interval": _INTERVALS[plan.billing_period]},
                "metadata": {
                    "plan_id": plan.plan_code,
                    "billing_period": plan.billing_period,
                },
                "proration_behavior": "none",
            },
        ],
    }
    gateway.act(
        f"{key}:phases",
        lambda client, once: client.v1.subscription_schedules.update(
            schedule["id"], params, once
        ),
    )


def release(gateway: Gateway, subscription_id: str, *, key: str) -> None:
    """Let a subscription go on as it is; nothing happens if nothing was planned."""
    schedule = retrieve(gateway, subscription_id).get("schedule")
    if not isinstance(schedule, dict) or schedule["status"] not in OPEN:
        return
    gateway.act(
        f"{key}:release:{schedule['id']}",
        lambda client, once: client.v1.subscription_schedules.release(
            schedule["id"], {}, once
        ),
    )


def _schedule_of(gateway: Gateway, subscription_id: str, key: str) -> tuple[Row, Row]:
    """Return the subscription's schedule, made if there was none, and the subscription."""
    found = retrieve(gateway, subscription_id)
    if isinstance(found.get("schedule"), dict):
        return found["schedule"], found
    params: Any = {"from_subscription": subscription_id}
    try:
        made = gateway.act(
            f"{key}:schedule",
            lambda client, once: client.v1.subscription_schedules.create(params, once),
        )
    except ProviderError:
        # Two at once: the other one has made it.
        found = retrieve(gateway, subscription_id)
        if not isinstance(found.get("schedule"), dict):
            raise
        return found["schedule"], found
    return made, found


def _as_ordered(item: Row) -> Row:
    ordered: Row = {"price": text_id(item["price"])}
    return ordered if is_metered(item) else ordered | {"quantity": item["quantity"]}


def _items_of(plan: LaterPlan) -> list[Row]:
    items: list[Row] = [{"price": plan.price_id, "quantity": 1}]
    if plan.metered_price_id:
        items.append({"price": plan.metered_price_id})
    return items
