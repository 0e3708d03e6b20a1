"""Stand-ins for the outgoing edge: same protocol as the adapters, in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.events import Fact, PeriodPaid, SubscriptionChanged, SubscriptionItem
from billing.providers.answers import ChangePreview, Checkout, FetchedFacts
from billing.providers.orders import Customer, LaterPlan


@dataclass
class FakePayments:
    """A provider whose events are hints at the state it is in when it is asked."""

    name: str = "stripe"
    keeps_customers: bool = True
    changes_plans: bool = True
    customer_id: str = "cus_fake"
    subscription: SubscriptionChanged | None = None
    paid: list[PeriodPaid] = field(default_factory=list)
    other_facts: dict[str, Fact] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    counted_from: datetime | None = None
    # Whether the difference of a change of plan can be charged.
    is_paid: bool = True

    def create_customer(self, customer: Customer, *, after: str = "") -> str:
        self.calls.append(("create_customer", customer))
        return self.customer_id

    def start_purchase(self, checkout: Any) -> Checkout:
        self.calls.append(("start_purchase", checkout))
        return Checkout(f"cs_{checkout.purchase_id}", "https://pay.example.com/purchase")

    def start_subscription(self, checkout: Any) -> Checkout:
        self.calls.append(("start_subscription", checkout))
        return Checkout("cs_subscription", "https://pay.example.com/subscription")

    def preview_change(self, subscription_id: str, *, price_id: str) -> ChangePreview:
        self.calls.append(("preview_change", price_id))
        assert self.subscription is not None
        at = self.subscription.created_at
        return ChangePreview(Decimal("75.5"), Decimal("200"), "USD", at)

    def change_plan(
        self,
        subscription_id: str,
        *,
        price_id: str,
        key: str,
        counts_from: datetime | None = None,
    ) -> bool:
        self.calls.append(("change_plan", (price_id, key)))
        self.counted_from = counts_from
        return self.is_paid

    def change_plan_at_end(
        self, subscription_id: str, *, plan: LaterPlan, key: str
    ) -> None:
        self.calls.append(("change_plan_at_end", plan))

    def cancel_at_end(self, subscription_id: str, *, key: str) -> None:
        self.calls.append(("cancel_at_end", key))

    def undo_cancel(self, subscription_id: str, *, key: str) -> None:
        self.calls.append(("undo_cancel", key))

    def attach_overage(self, subscription_id: str, *, metered_price_id: str) -> None:
        self.calls.append(("attach_overage", metered_price_id))

    def subject(self, event_type: str, body: Any) -> str:
        return self.subscription.subscription_id if self.subscription else ""

    def fetch(self, event_type: str, body: Any) -> FetchedFacts:
        if event_type in self.other_facts:
            return FetchedFacts(self.customer_id, (self.other_facts[event_type],))
        assert self.subscription is not None
        facts: list[Fact] = [self.subscription]
        if event_type == "invoice.paid":
            facts.append(self.paid[body["period"]])
        elif self.paid:
            facts.append(self.paid[-1])
        return FetchedFacts(self.customer_id, tuple(facts))

    def subscribe(
        self, *, plan_code: str, at: datetime, until: datetime, amount: Any, currency: str
    ) -> None:
        self.subscription = SubscriptionChanged(
            provider=self.name,
            subscription_id="sub_fake",
            customer_id=self.customer_id,
            plan_code=plan_code,
            billing_period="monthly",
            status="active",
            created_at=at,
            items=(SubscriptionItem("si_flat", "price_flat", False, at, until),),
        )
        self.pay(at=at, until=until, amount=amount, currency=currency)

    def pay(self, *, at: datetime, until: datetime, amount: Any, currency: str) -> None:
        """A period is paid, and becomes the running one."""
        assert self.subscription is not None
        number = len(self.paid)
        self.paid.append(
            PeriodPaid(
                provider=self.name,
                subscription_id=self.subscription.subscription_id,
                invoice_id=f"in_{number}",
                starts_at=at,
                ends_at=until,
                amount=amount,
                currency=currency,
                paid_at=at,
            )
        )
        self.become(
            status="active",
            items=(SubscriptionItem("si_flat", "price_flat", False, at, until),),
        )

    def become(self, **changes: Any) -> None:
        assert self.subscription is not None
        self.subscription = replace(self.subscription, **changes)
