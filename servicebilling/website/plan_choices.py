"""The plans beside the one that is subscribed to, as its holder may choose them."""

from dataclasses import dataclass

from billing import reports
from billing.reports import SubscriptionReport
from servicebilling.website.formatting import money, whole


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """One plan by one period; `terms` are its price and minutes in words."""

    code: str
    name: str
    period: str
    terms: str


def beside(subscription: SubscriptionReport) -> list[PlanChoice]:
    """Return what the subscription may become at its provider, without what it is already.

    Plans without a fee are no choice: who wants none cancels.
    """
    choices = []
    for offer in reports.plans_to_change_to(subscription):
        prices = {"monthly": offer.price_monthly, "yearly": offer.price_yearly}
        for period, price in prices.items():
            is_same = (offer.code, period) == (
                subscription.plan,
                subscription.billing_period,
            )
            if price is None or is_same:
                continue
            per = "a year" if period == "yearly" else "a month"
            choices.append(
                PlanChoice(
                    code=offer.code,
                    name=offer.name,
                    period=period,
                    terms=f"{money(price, offer.currency)} {per}, "
                    f"{whole(offer.included_minutes)} minutes a month",
                )
            )
    return choices
