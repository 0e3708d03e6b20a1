"""What a provider's catalogue is made from: our plans as plain data."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is sold. Amounts in major units; None where it is not sold that way."""

    code: str
    name: str
    currency: str
    monthly: Decimal | None = None
    yearly: Decimal | None = None
    # Once, with the first subscription.
    setup: Decimal | None = None
    # Per minute beyond the included ones; these are never free at the provider.
    overage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that was found, and mended unless it was a dry run."""

    what: str
    key: str
    detail: str
