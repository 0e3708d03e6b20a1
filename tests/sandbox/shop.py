"""A shop that sells through the Stripe sandbox, with the real SDK."""

import json
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from typing import Any

import stripe

SECRET_KEY = "sk_test_sandbox"
GOOD, DECLINED = "4242424242424242", "4000000000000002"
FAILS_LATER, ASKS_ONCE, ASKS_ALWAYS = (
    "4000000000000341",
    "4000002500003155",
    "4000002760003184",
)
DEBIT, BAD_DEBIT = "AT611904300234573201", "AT861904300235473202"
SUCCESS_URL = "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}"
DAY = 86_400


class ControlError(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


class Shop:
    """`v1` speaks through the checker where there is one, `direct` past it: for requests
    that are meant to be wrong."""

    def __init__(self, url: str, *, checked_url: str) -> None:
        self.url = url
        self.clients = [client(checked_url), client(url)]
        self.v1, self.v2 = self.clients[0].v1, self.clients[0].v2
        self.direct = self.clients[1].v1

    def close(self) -> None:
        for one in self.clients:
            one._requestor._client.close()

    def control(self, method: str, path: str, **params: Any) -> Any:
        """Ask the sandbox's control; raise ControlError where it refuses."""
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            method=method,
            data=json.dumps(params).encode() if method == "POST" else None,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ControlError(error.code, json.load(error)) from None

    def advance(self, **distance: Any) -> dict[str, Any]:
        return self.control("POST", "clock", **distance)

    def now(self) -> int:
        return self.control("GET", "clock")["now"]

    def begin(self, at: datetime) -> None:
        """Forget everything and stand still at a moment."""
        self.control("POST", "reset", at=int(at.timestamp()), frozen=True)

    def customer(self, **more: Any) -> Any:
        return self.v1.customers.create(
            {"email": "olga@example.com", "name": "Acme Dental", **more}
        )

    def product(self, name: str = "Growth") -> Any:
        return self.v1.products.create({"name": name})

    def flat_price(
        self, amount: int = 36_600, *, interval: str = "month", currency: str = "eur"
    ) -> Any:
        return self.v1.prices.create(
            {
                "product": self.product().id,
                "currency": currency,
                "unit_amount": amount,
                "recurring": {"interval": interval},
            }
        )

    def one_time_price(self, amount: int = 24_900, *, currency: str = "eur") -> Any:
        return self.v1.prices.create(
            {
                "product": self.product("Setup").id,
                "currency": currency,
                "unit_amount": amount,
            }
        )

    def meter(self, event_name: str = "voice_call_minutes") -> Any:
        return self.v1.billing.meters.create(
            {
                "display_name": "Minutes",
                "event_name": event_name,
                "default_aggregation": {"formula": "sum"},
            }
        )

    def metered_price(self, amount: int = 50, *, currency: str = "eur") -> Any:
        return self.v1.prices.create(
            {
                "product": self.product("Overage").id,
                "currency": currency,
                "unit_amount": amount,
                "recurring": {
                    "interval": "month",
                    "usage_type": "metered",
                    "meter": self.meter().id,
                },
            }
        )

    def report(self, customer: str, minutes: int, identifier: str, **more: Any) -> Any:
        return self.v1.billing.meter_events.create(
            {
                "event_name": "voice_call_minutes",
                "identifier": identifier,
                "payload": {"stripe_customer_id": customer, "value": str(minutes)},
                **more,
            }
        )

    def checkout(
        self, *lines: dict[str, Any], mode: str = "subscription", **more: Any
    ) -> Any:
        return self.v1.checkout.sessions.create(
            {
                "mode": mode,
                "success_url": SUCCESS_URL,
                "line_items": list(lines),
                **more,
            }
        )

    def bundle(self, amount: int = 2_500, **more: Any) -> Any:
        """Open a checkout that sells minutes once."""
        line = {
            "quantity": 1,
            "price_data": {
                "currency": "usd",
                "unit_amount": amount,
                "product_data": {"name": "100 minutes"},
            },
        }
        return self.checkout(
            line,
            mode="payment",
            payment_intent_data={"metadata": {"purchase": "9"}},
            metadata={"purchase": "9"},
            **more,
        )

    def pay(self, session: Any, card: str = GOOD, **more: Any) -> Any:
        """Pay a session; return it as the API shows it then."""
        self.control("POST", f"checkout/{session.id}/pay", card=card, **more)
        return self.v1.checkout.sessions.retrieve(session.id)

    def subscribe(self, *prices: Any, card: str = GOOD, **more: Any) -> Any:
        """Subscribe a new customer on the pay page; return the subscription."""
        lines = [
            {"price": price.id}
            if price.recurring and price.recurring.usage_type == "metered"
            else {"price": price.id, "quantity": 1}
            for price in prices
        ]
        session = self.checkout(*lines, customer=self.customer().id, **more)
        return self.subscription(self.pay(session, card).subscription)

    def subscription(self, id: str) -> Any:
        return self.v1.subscriptions.retrieve(id)

    def invoices(self, subscription: Any) -> list[Any]:
        """The invoices of a subscription, oldest first."""
        found = self.v1.invoices.list({"subscription": subscription.id, "limit": 100})
        return list(reversed(list(found.auto_paging_iter())))

    def happened(self) -> list[str]:
        """The types of all events, oldest first."""
        return [row["type"] for row in self.events()]

    def events(self, type: str = "") -> list[dict[str, Any]]:
        rows = self.control("GET", "objects/event")["data"]
        return [row for row in rows if type in ("", row["type"])]

    def open_page(self, path: str) -> str:
        with urllib.request.urlopen(self.at(path), timeout=60) as answer:
            return answer.read().decode()

    def submit(self, path: str, **form: str) -> tuple[int, str, str]:
        """Post a form as a browser would; return status, redirect and text."""
        request = urllib.request.Request(
            self.at(path), data=urllib.parse.urlencode(form).encode(), method="POST"
        )
        opener = urllib.request.build_opener(_StayHere)
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, "", answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get("Location", ""), error.read().decode()

    def at(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def client(url: str, **options: Any) -> stripe.StripeClient:
    return stripe.StripeClient(
        SECRET_KEY,
        base_addresses={"api": url, "meter_events": url},
        http_client=stripe.RequestsClient(timeout=60),
        **options,
    )


def moment(*parts: int) -> int:
    """A moment in UTC, from year, month, day, hour ..."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def item(subscription: Any, number: int = 0) -> Any:
    return subscription["items"].data[number]
