"""What somebody writes into a request who would like to pay less, and what may come of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from tests.billing.stripe.conftest import Stripe

# Instead of what a field should say.
NONSENSE: tuple[Any, ...] = (
    None,
    "",
    " ",
    0,
    -1,
    1e300,
    "NaN",
    "-Infinity",
    "1e9",
    "٣",
    "0x10",
    True,
    [],
    {},
    ["starter"],
    {"$gt": ""},
    {"code": "starter"},
    "' OR 1=1 --",
    "x" * 5000,
    "a\0b",
    "price_1",
    "cus_1",
    "00000000-0000-7000-8000-000000000000",
)
# Beside what a request should say: names that a careless server would read.
EXTRAS = (
    "amount",
    "amount_total",
    "base_minute_cost",
    "card",
    "charge",
    "coupon",
    "credit_minutes",
    "custom_price",
    "customer",
    "customer_id",
    "discount",
    "discounts",
    "due_now",
    "flat_price_id",
    "is_first",
    "items",
    "line_items",
    "markup_percent",
    "metadata",
    "metered_price_id",
    "minutes",
    "mode",
    "next_amount",
    "now",
    "plan",
    "price",
    "price_data",
    "price_id",
    "price_monthly",
    "price_yearly",
    "proration_date",
    "purchase_id",
    "quantity",
    "setup_fee",
    "started_by",
    "state",
    "tax",
    "trial_days",
    "trial_minutes",
    "unit_amount",
    "unit_price",
    "wallet_grant",
)
EXTRA_VALUES: tuple[Any, ...] = ("0.01", 0, -1, "NaN", 1e9, "price_1", {"amount": 1})


@dataclass
class Till:
    """Follows requests to the provider's pages and says what is charged there."""

    stripe: Stripe
    # What each page must charge, in minor units.
    wanted: dict[str, int] = field(default_factory=dict)

    def sees(self, url: str, amount: int, currency: str) -> None:
        """Demand that the page asks for exactly that."""
        id = urlsplit(url).path.rsplit("/", 1)[1]
        page = self.stripe.get(f"checkout/sessions/{id}")
        assert (page["amount_total"], page["currency"]) == (amount, currency.lower())
        self.wanted[id] = amount

    def is_alone(self) -> None:
        """Demand that no other page was opened."""
        assert {one["id"] for one in self.stripe.every("checkout.session")} == set(
            self.wanted
        )

    def charges(self, *ids: str) -> None:
        """Pay those pages; demand that the card is charged what they said."""
        for id in ids:
            self.stripe.pay(id, card="4242424242424242")
        charged = sorted(one["amount"] for one in self.stripe.every("charge"))
        assert charged == sorted(self.wanted[id] for id in ids)


def said(client: Client, path: str, body: Any) -> tuple[int, Any]:
    """Send JSON, which Python writes with NaN and Infinity, too."""
    answer = client.post(path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def mutations(base: dict[str, Any], values: dict[str, tuple]) -> Iterator[dict[str, Any]]:
    """Yield the request with each field taken away and given each other value, and with each
    further field."""
    for name in base:
        yield {key: value for key, value in base.items() if key != name}
        for value in (*NONSENSE, *values.get(name, ())):
            yield base | {name: value}
    for name in EXTRAS:
        for value in EXTRA_VALUES:
            if name not in base:
                yield base | {name: value}
    for value in EXTRA_VALUES:
        yield {**dict.fromkeys(EXTRAS, value), **base}
