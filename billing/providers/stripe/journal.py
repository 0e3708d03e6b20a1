"""What a sync of the catalogue changes at Stripe, told before it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import stripe

from billing.providers.offers import Change
from billing.providers.stripe.client import Gateway, Row

# Stands for what a dry run would have made.
NOT_MADE = "(new)"


@dataclass(slots=True)
class Journal:
    """Everything is looked for before it is made. So the keys are the SDK's own, which hold
    over its retries: under one of ours Stripe would hand out for a day what it once made,
    even if that has been deleted since."""

    gateway: Gateway
    dry_run: bool = False
    changes: list[Change] = field(default_factory=list)
    # What the operator should know although nothing was changed.
    notes: list[str] = field(default_factory=list)

    def do(
        self,
        what: str,
        key: str,
        detail: str,
        request: Callable[[stripe.StripeClient], Any],
    ) -> Row:
        """Note a change and carry it out; returns the object. Raises `ProviderError`."""
        self.changes.append(Change(what, key, detail))
        if self.dry_run:
            return {"id": NOT_MADE}
        return self.gateway.ask(request)
