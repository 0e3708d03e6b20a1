"""Subscription schedules: what a subscription will be later, phase by phase.

Made from a subscription that exists, as for a change of plan at a period's end. Where a phase
ends together with a period, the new prices are in force before the renewal is billed.
"""

from servicebilling.sandbox.stripe import clock, listing, periods, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    MOMENT,
    Choice,
    Either,
    Flag,
    Hash,
    Metadata,
    Rows,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import presents
from servicebilling.sandbox.stripe.prices import INTERVALS
from servicebilling.sandbox.stripe.subscriptions import changing as changes
from servicebilling.sandbox.stripe.subscriptions import ending, rows, waking
from servicebilling.sandbox.stripe.subscriptions.prorating import work_out

PATH = "/v1/subscription_schedules"
END_BEHAVIORS = Choice("cancel", "release")
PRORATION = Choice("always_invoice", "create_prorations", "none")
PHASE = Hash(
    must=["items"],
    duration=Hash(must=["interval"], interval=INTERVALS, interval_count=Whole(least=1)),
    end_date=MOMENT,
    items=Rows(
        Hash(must=["price"], metadata=Metadata(), price=ID, quantity=Whole(least=0)),
        most=20,
    ),
    metadata=Metadata(),
    proration_behavior=PRORATION,
    start_date=Either(MOMENT, Choice("now")),
)
UPDATE = Hash(
    end_behavior=END_BEHAVIORS,
    metadata=Metadata(),
    phases=Rows(PHASE, most=10),
    proration_behavior=PRORATION,
)
OPEN = ("not_started", "active")


@routing.post(
    PATH, Hash(must=["from_subscription"], from_subscription=ID, metadata=Metadata())
)
def create(box: Box, params: Row) -> Row:
    subscription = box.named(
        "subscription", params["from_subscription"], param="from_subscription"
    )
    if subscription["schedule"]:
        raise refused("The subscription is already managed by a schedule.")
    if subscription["ended_at"] is not None:
        raise refused("The subscription has ended.", param="from_subscription")
    found = rows.items_of(box, subscription)
    phase = _phase(
        subscription,
        [_phase_item(item) for item in found],
        start=min(item["current_period_start"] for item in found),
        end=rows.last_period_end(box, subscription),
    )
    schedule = box.add("subscription_schedule", _fields(subscription, [phase], params))
    with changing(box, subscription, "customer.subscription.updated"):
        subscription["schedule"] = schedule["id"]
    emit(box, "subscription_schedule.created", schedule)
    _plan(box, schedule)
    return schedule


@routing.get(PATH, LISTING.also(created=BETWEEN, customer=ID))
def list_schedules(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer")
    return listing.page(box, "subscription_schedule", params, url=PATH, where=fits)


@routing.get(PATH + "/{schedule}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("subscription_schedule", id)


@routing.post(PATH + "/{schedule}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    schedule = _open(box, id)
    subscription = box.get("subscription", schedule["subscription"])
    phases = _phases(box, schedule, subscription, params.get("phases"))
    with changing(box, schedule, "subscription_schedule.updated"):
        schedule["end_behavior"] = params.get("end_behavior", schedule["end_behavior"])
        schedule["phases"] = phases
        if "metadata" in params:
            schedule["metadata"] = merged(schedule["metadata"], params["metadata"])
    _plan(box, schedule)
    return schedule


@routing.post(PATH + "/{schedule}/release", Hash(preserve_cancel_date=Flag()))
def release(box: Box, params: Row, id: str) -> Row:
    """Let the subscription go on as it is, without the schedule."""
    schedule = _open(box, id)
    _release(box, schedule)
    return schedule


@routing.post(PATH + "/{schedule}/cancel", Hash(invoice_now=Flag(), prorate=Flag()))
def cancel(box: Box, params: Row, id: str) -> Row:
    """Cancel the schedule and its subscription at once."""
    schedule = _open(box, id)
    subscription = box.get("subscription", schedule["subscription"])
    schedule |= {"status": "canceled", "canceled_at": box.now(schedule["customer"])}
    subscription["schedule"] = None
    if params.get("invoice_now", True):
        ending.bill_the_rest(box, subscription)
    ending.end(box, subscription, reason="cancellation_requested")
    emit(box, "subscription_schedule.canceled", schedule)
    return schedule


@clock.does("schedule")
def step(box: Box, id: str) -> None:
    schedule = box.find("subscription_schedule", id)
    if schedule is not None and schedule["status"] in OPEN:
        follow(box, box.get("subscription", schedule["subscription"]))


def follow(box: Box, subscription: Row) -> None:
    """Bring a subscription to the phase that is in force now."""
    schedule = box.find("subscription_schedule", subscription["schedule"])
    if schedule is None or schedule["status"] not in OPEN:
        return
    now = box.now(schedule["customer"])
    number = schedule["_phase"]
    while (
        number < len(schedule["phases"]) and schedule["phases"][number]["end_date"] <= now
    ):
        number += 1
    if number == schedule["_phase"]:
        return
    if number == len(schedule["phases"]):
        _finish(box, schedule, subscription)
        return
    with changing(box, schedule, "subscription_schedule.updated"):
        schedule["_phase"] = number
    _enter(box, subscription, schedule["phases"][number])
    _plan(box, schedule)


waking.BEFORE_RENEWAL.append(follow)


@presents("subscription_schedule")
def _with_current_phase(box: Box, schedule: Row) -> Row:
    if schedule["status"] != "active":
        return {"current_phase": None}
    phase = schedule["phases"][schedule["_phase"]]
    dates = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    return {"current_phase": dates}


def _enter(box: Box, subscription: Row, phase: Row) -> None:
    """Swap, add and remove items until they are those of the phase."""
    at = box.now(subscription["customer"])
    behavior = phase["proration_behavior"]
    wanted = {row["price"]: row for row in phase["items"]}
    found = rows.items_of(box, subscription)
    leaving = [item for item in found if item["price"] not in wanted]
    staying = {item["price"]: item["id"] for item in found if item["price"] in wanted}
    entries: list[Row] = []
    for price, row in wanted.items():
        entry: Row = {"price": price}
        if "quantity" in row:
            entry["quantity"] = row["quantity"]
        if price in staying:
            entry["id"] = staying[price]
        else:
            same = next(
                (item for item in leaving if ("quantity" in item) == ("quantity" in row)),
                None,
            )
            if same is not None:
                leaving.remove(same)
                entry["id"] = same["id"]
        entries.append(entry)
    entries += [{"id": item["id"], "deleted": True} for item in leaving]
    change = work_out(box, subscription, entries, at=at, is_prorated=behavior != "none")
    changes.carry_out(box, subscription, change, proration_behavior=behavior)
    if phase["metadata"]:
        with changing(box, subscription, "customer.subscription.updated"):
            subscription["metadata"] = merged(subscription["metadata"], phase["metadata"])


def _finish(box: Box, schedule: Row, subscription: Row) -> None:
    if schedule["end_behavior"] == "release":
        _release(box, schedule)
        return
    at = box.now(schedule["customer"])
    schedule |= {"status": "completed", "completed_at": at}
    subscription["schedule"] = None
    ending.end_with_period(box, subscription)
    emit(box, "subscription_schedule.completed", schedule)


def _release(box: Box, schedule: Row) -> None:
    subscription = box.get("subscription", schedule["subscription"])
    schedule |= {
        "status": "released",
        "released_at": box.now(schedule["customer"]),
        "released_subscription": subscription["id"],
        "subscription": None,
    }
    with changing(box, subscription, "customer.subscription.updated"):
        subscription["schedule"] = None
    emit(box, "subscription_schedule.released", schedule)


def _phases(
    box: Box, schedule: Row, subscription: Row, given: list[Row] | None
) -> list[Row]:
    """Return the phases of an update; the one in force must be among them."""
    if given is None:
        return list(schedule["phases"])
    made: list[Row] = []
    now = box.now(schedule["customer"])
    for number, row in enumerate(given):
        where = f"phases[{number}]"
        before = made[-1]["end_date"] if made else schedule["phases"][0]["start_date"]
        start = now if row.get("start_date") == "now" else row.get("start_date", before)
        if start != before:
            raise refused("Phases must follow each other.", param=f"{where}[start_date]")
        end = _end(row, start)
        if end is None and number == len(given) - 1:
            # The last phase may stay open: one period of its first price.
            price = box.named("price", row["items"][0]["price"], param=f"{where}[items]")
            every = price["recurring"]
            end = periods.step(
                start, interval=every["interval"], count=every["interval_count"]
            )
        if end is None or end <= start:
            raise refused("A phase needs an end.", param=f"{where}[end_date]")
        found = []
        for item in row["items"]:
            price = box.named("price", item["price"], param=f"{where}[items]")
            quantity = {} if price["recurring"]["meter"] else {"quantity": 1}
            found.append(_phase_item({"metadata": {}, **quantity, **item}))
        phase = _phase(subscription, found, start=start, end=end)
        phase["proration_behavior"] = row.get("proration_behavior", "create_prorations")
        phase["metadata"] = merged({}, row.get("metadata", {}))
        made.append(phase)
    return made


def _end(row: Row, start: int) -> int | None:
    if "duration" in row:
        every = row["duration"]
        count = every.get("interval_count", 1)
        return periods.step(start, interval=every["interval"], count=count)
    end: int | None = row.get("end_date")
    return end


def _open(box: Box, id: str) -> Row:
    schedule = box.named_in_path("subscription_schedule", id)
    if schedule["status"] not in OPEN:
        raise refused(f"This schedule is {schedule['status']}.")
    return schedule


def _plan(box: Box, schedule: Row) -> None:
    end = schedule["phases"][schedule["_phase"]]["end_date"]
    if end > box.now(schedule["customer"]):
        clock.plan(box, "schedule", schedule["id"], at=end, customer=schedule["customer"])


def _phase_item(item: Row) -> Row:
    found: Row = {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": dict(item["metadata"]),
        "price": item["price"],
        "tax_rates": [],
    }
    if "quantity" in item:
        found["quantity"] = item["quantity"]
    return found


def _phase(subscription: Row, items: list[Row], *, start: int, end: int) -> Row:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": subscription["currency"],
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "create_prorations",
        "start_date": start,
        "transfer_data": None,
        "trial_end": None,
    }


def _fields(subscription: Row, phases: list[Row], params: Row) -> Row:
    return {
        "application": None,
        "billing_mode": subscription["billing_mode"],
        "canceled_at": None,
        "completed_at": None,
        "customer": subscription["customer"],
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": subscription["collection_method"],
            "default_payment_method": None,
            "description": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "days_until_due": None,
                "issuer": {"type": "self"},
            },
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": "release",
        "metadata": merged({}, params.get("metadata", {})),
        "phases": phases,
        "released_at": None,
        "released_subscription": None,
        "status": "active",
        "subscription": subscription["id"],
        "test_clock": subscription["test_clock"],
        "_phase": 0,
    }
