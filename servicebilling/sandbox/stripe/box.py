"""Everything that is remembered, and what time it is.

Objects are plain dicts that look as Stripe shows them, with references as ids. Keys that
begin with an underscore are the stand-in's own and never shown. One lock guards all of it: a
request, a job of the clock and a saving each hold it from beginning to end.
"""

import secrets
import string
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from servicebilling.sandbox.stripe.errors import ApiError, unknown_id

Row = dict[str, Any]
LETTERS = string.ascii_letters + string.digits
# The clock that real time drives; every other one is a test clock, named by its id.
MAIN_CLOCK = ""

SETTINGS: Row = {
    # Days after a failed payment of a renewal at which it is tried again.
    "dunning_days": [3, 5, 7],
    # What becomes of the subscription when the last try has failed.
    "dunning_end": "past_due",
    # How long an automatic invoice stays a draft, so that late usage gets on it.
    "draft_seconds": 3600,
    # Charged on top wherever automatic_tax is on.
    "tax_percent": 0,
    # A direct debit takes this long to be paid or to fail.
    "debit_days": 3,
    # What becomes of a meter event with a mistake: refused `at_once`, or taken and told of
    # `later` in a thin event. `as_seen`: an unknown meter at once, everything else later.
    "meter_errors": "as_seen",
    # Pauses before a webhook that was not taken is sent again, and how long one may take.
    "delivery_retry_seconds": [2, 10, 60],
    "delivery_seconds_max": 10,
    # With `false` webhooks lie in wait until the control API delivers them.
    "delivers_by_itself": True,
}


class Shape(NamedTuple):
    """What every object of a kind begins with."""

    prefix: str
    noun: str
    length: int = 24
    has_livemode: bool = True
    has_created: bool = True


SHAPES = {
    "balance_transaction": Shape("txn_", "balance transaction", has_livemode=False),
    "billing.meter": Shape("mtr_test_", "billing meter"),
    "billing_portal.configuration": Shape("bpc_", "portal configuration"),
    "billing_portal.session": Shape("bps_", "portal session"),
    "charge": Shape("ch_", "charge"),
    "checkout.session": Shape("cs_test_", "checkout.session", 58),
    "coupon": Shape("", "coupon", 8),
    "credit_note": Shape("cn_", "credit note"),
    "customer": Shape("cus_", "customer", 14),
    "customer_balance_transaction": Shape("cbtxn_", "customer balance transaction"),
    "discount": Shape("di_", "discount", has_livemode=False, has_created=False),
    "dispute": Shape("du_", "dispute"),
    "event": Shape("evt_", "event"),
    "invoice": Shape("in_", "invoice"),
    "invoice_payment": Shape("inpay_", "invoice payment"),
    "invoiceitem": Shape("ii_", "invoiceitem", has_created=False),
    "payment_intent": Shape("pi_", "payment_intent"),
    "payment_method": Shape("pm_", "PaymentMethod"),
    "price": Shape("price_", "price"),
    "product": Shape("prod_", "product", 14),
    "promotion_code": Shape("promo_", "promotion code"),
    "refund": Shape("re_", "refund", has_livemode=False),
    "setup_intent": Shape("seti_", "setup_intent"),
    "subscription": Shape("sub_", "subscription"),
    "subscription_item": Shape("si_", "subscription_item", 14, has_livemode=False),
    "subscription_schedule": Shape("sub_sched_", "subscription schedule"),
    "test_helpers.test_clock": Shape("clock_", "test clock"),
    "webhook_endpoint": Shape("we_", "webhook endpoint"),
}


def new_id(prefix: str, length: int = 24) -> str:
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length))


@dataclass(frozen=True)
class Request:
    """The API request that is being answered; events name it."""

    id: str
    idempotency_key: str | None = None


@dataclass
class Box:
    base_url: str = "http://127.0.0.1"
    wall: Callable[[], float] = time.time
    lock: threading.RLock = field(default_factory=threading.RLock)
    tables: dict[str, dict[str, Row]] = field(default_factory=dict)
    settings: Row = field(default_factory=lambda: dict(SETTINGS))
    # Answers by idempotency key, and faults that were asked for.
    answers: dict[str, Row] = field(default_factory=dict)
    faults: list[Row] = field(default_factory=list)
    # Webhooks still to be taken, and the last ones that were or never will be.
    deliveries: dict[str, Row] = field(default_factory=dict)
    delivered: list[Row] = field(default_factory=list)
    sends: int = 0
    thin_events: dict[str, Row] = field(default_factory=dict)
    destinations: dict[str, Row] = field(default_factory=dict)
    meter_events: list[Row] = field(default_factory=list)
    # When each identifier of a meter event was last taken.
    identifiers: dict[str, int] = field(default_factory=dict)
    # Job after job by the moment at which it falls due, one list per clock.
    agenda: dict[str, list[Any]] = field(default_factory=dict)
    plans: int = 0
    # Main clock: ahead of real time by so much, or standing still at a moment.
    ahead_seconds: int = 0
    frozen_at: int | None = None
    # Faults of the stand-in itself; the control page shows them and tests expect none.
    mistakes: list[str] = field(default_factory=list)
    # What the clock says while a job runs that fell due earlier.
    held: dict[str, int] = field(default_factory=dict)
    request: Request | None = None
    # What the request has made so far: undone when it is refused after all.
    added: list[Row] = field(default_factory=list)
    # Called after every change: the saver and the messenger listen.
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def now(self, customer: str | None = None) -> int:
        """Return the moment on that customer's clock, or on the main one."""
        return self.moment(self.clock_of(customer))

    def moment(self, clock: str) -> int:
        if clock in self.held:
            return self.held[clock]
        if clock != MAIN_CLOCK:
            return int(self.tables["test_helpers.test_clock"][clock]["frozen_time"])
        if self.frozen_at is not None:
            return self.frozen_at
        return int(self.wall()) + self.ahead_seconds

    def clock_of(self, customer: str | None) -> str:
        row = self.tables.get("customer", {}).get(customer or "")
        return (row or {}).get("test_clock") or MAIN_CLOCK

    def add(self, kind: str, fields: Row, *, id: str = "") -> Row:
        """Remember a new object; it begins with id, object, created and livemode.

        `created` is the time of the customer named in `fields`, if any.
        """
        shape = SHAPES[kind]
        row: Row = {"id": id or new_id(shape.prefix, shape.length), "object": kind}
        if shape.has_created:
            row["created"] = self.now(fields.get("customer"))
        if shape.has_livemode:
            row["livemode"] = False
        row |= fields
        self.tables.setdefault(kind, {})[row["id"]] = row
        if self.request is not None:
            self.added.append(row)
        return row

    def undo_additions(self) -> None:
        for row in self.added:
            self.drop(row)

    def drop(self, row: Row) -> None:
        self.tables[row["object"]].pop(row["id"], None)

    def find(self, kind: str, id: str | None) -> Row | None:
        return self.tables.get(kind, {}).get(id or "")

    def get(self, kind: str, id: str | None) -> Row:
        """Return an object that must exist: anything else is a fault of the stand-in."""
        return self.tables[kind][id or ""]

    def named_in_path(self, kind: str, id: str, *, param: str = "id") -> Row:
        """Return what a URL names; raise the 404 that Stripe answers."""
        row = self.find(kind, id)
        if row is None:
            raise unknown_id(SHAPES[kind].noun, id, param=param)
        return row

    def named(self, kind: str, id: str, *, param: str) -> Row:
        """Return what a parameter names; raise the 400 that Stripe answers."""
        row = self.find(kind, id)
        if row is None or row.get("deleted"):
            raise unknown_id(SHAPES[kind].noun, id, param=param, status=400)
        return row

    def every(self, kind: str) -> Iterator[Row]:
        """Yield the objects of a kind, oldest first."""
        yield from list(self.tables.get(kind, {}).values())

    def changed(self) -> None:
        """Tell the listeners that something is different now."""
        for listener in self.listeners:
            listener()

    def note_mistake(self, text: str) -> None:
        self.mistakes.append(text)
        del self.mistakes[:-20]


def refused(message: str, *, param: str = "", code: str = "") -> ApiError:
    """A request that makes sense, but not now or not for this object."""
    return ApiError(message, param=param, code=code)
