"""A customer's story at the Stripe stand-in: buys, subscribes, is renewed, gets money back,
and cannot pay in the end. Events come to our own endpoint over HTTP and are processed by the
worker's own functions at the stand-in's time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from accounts.models import Organization
from billing import inbox
from billing.models import Dispute, Payment, PaymentEvent, Purchase, Refund, Subscription
from billing.subscriptions import standing, transitions
from metering.balances import cycles
from metering.models import Allowance
from tests.billing.stripe.conftest import Stripe, ask

GOOD_CARD = "4242424242424242"
# Asks for 3-D Secure.
ASKING_CARD = "4000002500003155"
# Can be kept, but every charge fails.
FAILING_CARD = "4000000000000341"
# Presses of a button, or rounds of the worker, before somebody gives up.
ROUNDS_MAX = 12
# Between tries of what failed.
ROUND = timedelta(hours=3)


@dataclass
class Story:
    shop: Stripe
    browser: Client
    organization: Organization

    def tell(self) -> None:
        """Everything, from the first purchase to the payment that fails for good."""
        self.pay_with_3d_secure(self.press(bundle_id="minutes-100-usd"))
        self.listen()
        page = self.press(plan_id="cutoff", billing_period="monthly")
        self.shop.pay(page, card=GOOD_CARD)
        self.listen()
        self.give_half_back()
        self.dispute_the_other_half()
        self.listen()
        self.wait(months=1, hours=2)
        self.listen()
        self.change_card(FAILING_CARD)
        self.wait(months=1, hours=2)
        self.listen()
        self.listen(until_nothing_is_left=True)
        # Grace begins when we hear of the failure, which news that were late put off.
        after_grace = self.now + standing.GRACE + ROUNDS_MAX * ROUND
        transitions.push_overdue(now=after_grace)

    def press(self, **wanted: str) -> str:
        """Ask for a pay page as often as it takes; return its session's id."""
        for _ in range(ROUNDS_MAX):
            answer = self.browser.post(
                "/api/billing/create-checkout-session",
                wanted,
                content_type="application/json",
            )
            if answer.status_code == 200:
                return answer.json()["checkout_url"].rsplit("/", 1)[1]
            assert answer.json()["error"]["code"] == "provider_unavailable"
        raise AssertionError("no pay page")

    def pay_with_3d_secure(self, session_id: str) -> None:
        page = f"{self.shop.url}/pay/{session_id}"
        asked = ask("POST", page, data={"card": ASKING_CARD})
        assert "Your bank asks" in asked.text
        confirmed = {"card": ASKING_CARD, "outcome": "complete"}
        answer = ask("POST", f"{page}/authenticate", data=confirmed)
        assert answer.status_code == 303

    def give_half_back(self) -> None:
        self.shop.post("refunds", payment_intent=self._bought()["id"], amount="1250")

    def dispute_the_other_half(self) -> None:
        """The bank takes it back, and decides for us."""
        intent = self._bought()["id"]
        made = self.shop.control("disputes", payment_intent=intent, amount="1250")
        self.shop.control(f"disputes/{made['id']}/decide", status="won")

    def change_card(self, card: str) -> None:
        (customer,) = self.shop.every("customer")
        self.shop.control(f"portal/{customer['id']}", act="card", card=card)

    def wait(self, **distance: int) -> None:
        self.shop.control("clock", wait="no", **{k: str(v) for k, v in distance.items()})
        cycles.roll_over(self.organization.pk, now=self.now)

    @property
    def now(self) -> datetime:
        answer = ask("GET", f"{self.shop.url}/_sandbox/clock").json()
        return datetime.fromtimestamp(answer["now"], UTC)

    def listen(self, *, until_nothing_is_left: bool = False) -> None:
        """Take webhooks and process what is due; in the end also what was held back, sent
        again or is tried again later."""
        later = timedelta(0)
        for _ in range(ROUNDS_MAX if until_nothing_is_left else 1):
            also_later = {"also_later": "true"} if until_nothing_is_left else {}
            sent = self.shop.control("deliver", **also_later)["data"]
            later += ROUND if until_nothing_is_left else timedelta(seconds=1)
            for event_id in inbox.due(now=self.now + later):
                inbox.process(event_id, now=self.now + later)
            waits = PaymentEvent.objects.filter(state=PaymentEvent.State.RECEIVED)
            if not sent and not waits.exists():
                return
        assert not until_nothing_is_left, list(waits.values_list("kind", "error"))

    def faults(self) -> list[dict[str, Any]]:
        """The faults that were asked for, and how often each struck."""
        return ask("GET", f"{self.shop.url}/_sandbox/faults").json()["data"]

    def end(self) -> dict[str, Any]:
        """What is left of it all."""
        allowance = Allowance.objects.get(organization=self.organization)
        self.organization.refresh_from_db()
        return {
            "standing": allowance.standing,
            "credit_minutes": allowance.credit_minutes,
            "subscriptions": list(Subscription.objects.values_list("status", flat=True)),
            "purchases": list(Purchase.objects.values_list("state", flat=True)),
            "payments": [
                str(amount)
                for amount in Payment.objects.order_by("paid_at", "amount").values_list(
                    "amount", flat=True
                )
            ],
            "refunds": list(Refund.objects.values_list("status", "is_effective")),
            "disputes": list(Dispute.objects.values_list("status", "is_effective")),
            "unfinished": list(
                PaymentEvent.objects.exclude(
                    state__in=["processed", "ignored"]
                ).values_list("kind", "state", "error")
            ),
            "customers": len(self.shop.every("customer")),
            "charged": sum(
                one["amount"] for one in self.shop.every("charge") if one["paid"]
            ),
        }

    def _bought(self) -> dict[str, Any]:
        intents = self.shop.every("payment_intent")
        return next(one for one in intents if one["metadata"].get("purchase_id"))
