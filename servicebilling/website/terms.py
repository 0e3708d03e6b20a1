"""What a plan's terms mean, in one sentence each. Pure."""

from metering import rating
from servicebilling.website.formatting import cents, money, whole


def when_exhausted(card: rating.Card) -> str:
    """Return what happens when the included minutes run out; without any, how calls are
    paid."""
    price = _unit_price(card)
    after = "Then" if card.included_minutes else "Each call is charged"
    match card.when_exhausted:
        case rating.CUT_OFF:
            return (
                "Then new calls are refused until you buy minutes or the next month begins."
            )
        case rating.OVERAGE:
            return (
                f"Then calls go on at {price}, for at most "
                f"{whole(card.overage_limit_minutes)} more minutes a month."
            )
        case rating.WALLET:
            paid = (
                f"Then your wallet pays {price}"
                if card.included_minutes
                else f"Your wallet pays {price}"
            )
            return f"{paid}; when it is empty, new calls are refused."
    limit = cents(card.postpaid_limit_amount, card.currency)
    return f"{after} at {price} on your monthly invoice, up to {limit}."


def included(card: rating.Card) -> str:
    """Return what comes with the plan's price each month."""
    if not card.included_minutes:
        return "No minutes included"
    return f"{whole(card.included_minutes)} minutes a month"


def rounding(card: rating.Card) -> str:
    """Return how talk time becomes billed time."""
    if card.increment_step_seconds == 1:
        return "Billed by the second"
    return "Each call is rounded up to whole minutes"


def _unit_price(card: rating.Card) -> str:
    if not card.tiers:
        return "no charge"
    first, last = card.tiers[0], card.tiers[-1]
    price = f"{money(first.unit_price, card.currency)} a minute"
    if len(card.tiers) == 1:
        return price
    return f"{price}, falling to {money(last.unit_price, card.currency)}"
