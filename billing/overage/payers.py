"""Who bills an organization's overage: the provider of its subscription."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.models import OverageDelivery, Subscription
from billing.models.subscriptions import LIVING
from billing.overage import routes
from billing.overage.routes import MeterPeriod

# Providers that bill usage after the fact.
BILL_USAGE = ("stripe",)


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer at a provider, and the period that its meter counts in, if it has one."""

    provider: str
    customer_id: str
    subscription_id: str
    period: MeterPeriod | None
    # Usage of before is on no period of this subscription.
    since: datetime

    def route(self, row: OverageDelivery, *, now: datetime) -> str:
        """Return the way that a row goes now."""
        by_meter = (
            row.charge_id is not None
            and row.returned_at is None
            and row.occurred_at >= self.since
            and routes.is_meter_open(row.occurred_at, self.period, now=now)
        )
        return OverageDelivery.Route.METER if by_meter else OverageDelivery.Route.ITEM


def of(organization_ids: Iterable[UUID]) -> dict[UUID, Payer]:
    """Return who bills each organization; those that nobody bills are left out."""
    living = (
        Subscription.objects.filter(
            organization_id__in=set(organization_ids),
            provider__in=BILL_USAGE,
            status__in=LIVING,
        )
        .exclude(organization__stripe_customer_id="")
        .select_related("organization")
        .prefetch_related("items")
        .order_by("created_at")
    )
    found = {}
    for subscription in living:
        metered = [item for item in subscription.items.all() if item.is_metered]
        period = None
        if metered:
            period = MeterPeriod(metered[0].period_starts_at, metered[0].period_ends_at)
        found[subscription.organization_id] = Payer(
            provider=subscription.provider,
            customer_id=subscription.organization.stripe_customer_id,
            subscription_id=subscription.provider_subscription_id,
            period=period,
            since=subscription.created_at,
        )
    return found
