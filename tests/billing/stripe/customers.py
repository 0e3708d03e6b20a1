"""A customer of the whole product, whose provider is the sandbox: pays, waits, is heard of."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from accounts.models import Organization
from billing import checkout, inbox
from billing.models import PaymentEvent, Subscription
from billing.providers.stripe.provider import StripeProvider

if TYPE_CHECKING:
    from tests.billing.stripe.conftest import Stripe

GOOD = "4242424242424242"


@dataclass
class Paying:
    """`hear` takes in what Stripe tells, as the worker would."""

    organization: Organization
    stripe: "Stripe"
    provider: StripeProvider
    # Stripe keeps whole seconds; what is told twice is stored once.
    heard_until: datetime = datetime(2020, 1, 1, tzinfo=UTC)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.stripe.control_shown("clock")["now"], UTC)

    @property
    def subscription(self) -> Subscription:
        """The one that began last."""
        mine = Subscription.objects.filter(organization=self.organization)
        return mine.latest("created_at")

    @property
    def at_stripe(self) -> dict:
        [found] = self.stripe.every("subscription")
        return self.stripe.get(f"subscriptions/{found['id']}")

    def prices_at_stripe(self) -> set[str]:
        return {item["price"]["lookup_key"] for item in self.at_stripe["items"]["data"]}

    def subscribe(
        self, plan_code: str, period: str = "monthly", **typed: str
    ) -> Subscription:
        """`typed` on the provider's page, such as a promotion `code`."""
        self.organization.refresh_from_db()
        checkout.subscribe(
            organization=self.organization,
            plan_code=plan_code,
            billing_period=period,
            provider="stripe",
            now=self.now,
        )
        [page] = [
            one for one in self.stripe.every("checkout.session") if one["status"] == "open"
        ]
        self.stripe.pay(page["id"], card=GOOD, **typed)
        self.hear()
        return self.subscription

    def wait(self, **span: int) -> None:
        self.stripe.control("clock", **span)
        self.hear()

    def hear(self) -> None:
        """Until Stripe has nothing new to tell."""
        while new := [row for row in self._told() if row is not None]:
            now = self.now
            for row in new:
                inbox.process(row, now=now)
            failed = PaymentEvent.objects.exclude(
                state__in=[PaymentEvent.State.PROCESSED, PaymentEvent.State.IGNORED]
            )
            assert list(failed.values_list("kind", "error")) == []

    def _told(self) -> list[int | None]:
        since, self.heard_until = self.heard_until, self.now
        return [
            inbox.receive(event, provider="stripe", now=self.heard_until)
            for event in self.provider.list_events(since=since)
        ]
