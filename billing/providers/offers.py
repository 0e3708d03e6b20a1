"""What a provider's catalogue is made from: our plans as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


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


@dataclass(frozen=True, slots=True)
class Told:
    """What telling a catalogue did. `ids` are the provider's, by plan code and period."""

    changes: Sequence[Change]
    notes: Sequence[str]
    ids: Mapping[str, Mapping[str, str]]


class CatalogueProvider(Protocol):
    """Keeps our plans as its own. `tell_catalogue` makes what is missing, and is quiet the
    second time; it raises `ProviderError`, also for a live account that was not meant."""

    def tell_catalogue(self, offers: Sequence[Offer], *, is_live_meant: bool) -> Told: ...
