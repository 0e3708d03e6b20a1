"""The plan that is in force, in the words of its card on the billing page."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from billing import plans_in_force
from billing.reports import SubscriptionReport
from metering.usage.reports import CycleReport
from servicebilling.website import terms
from servicebilling.website.formatting import money

_STATES = {
    "trialing": ("Trial", "note"),
    "active": ("Active", "good"),
    "past_due": ("Payment overdue", "bad"),
    "unpaid": ("Unpaid", "bad"),
    "paused": ("Paused", "warn"),
    "incomplete": ("Payment not finished", "warn"),
}


@dataclass(frozen=True, slots=True)
class PlanCard:
    """`chip` and `tone` are its state in a word; `ends_at` is set once it was cancelled."""

    name: str
    chip: str
    tone: str
    price: str
    included: str
    when_exhausted: str
    rounding: str
    subscription: SubscriptionReport | None
    renews_at: datetime | None
    ends_at: datetime | None

    @property
    def is_nothing(self) -> bool:
        return not self.name


def of(
    organization: Organization,
    report: CycleReport,
    subscription: SubscriptionReport | None,
) -> PlanCard:
    """Return the card of what is in force; without a plan its name is empty."""
    found = plans_in_force.plan_in_force(organization)
    has_plan = subscription is not None or report.standing != "no_plan"
    chip, tone = "", ""
    price, renews_at, ends_at = "", None, None
    if subscription:
        chip, tone = _STATES.get(subscription.status, (subscription.status, "note"))
        per = "a year" if subscription.billing_period == "yearly" else "a month"
        price = f"{money(subscription.price, subscription.currency)} {per}"
        ends_at = subscription.cancel_at
        renews_at = None if ends_at else subscription.period_ends_at
        if ends_at:
            chip, tone = "Cancelled", "warn"
    name = subscription.plan_name if subscription else found.name
    return PlanCard(
        name=name if has_plan else "",
        chip=chip,
        tone=tone,
        price=price,
        included=terms.included(found.card),
        when_exhausted=terms.when_exhausted(found.card),
        rounding=terms.rounding(found.card),
        subscription=subscription,
        renews_at=renews_at,
        ends_at=ends_at,
    )
