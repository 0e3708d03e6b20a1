"""Payment plans at Flutterwave: ours are known by their names there."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from billing.events import BillingPeriod
from billing.providers.flutterwave import amounts
from billing.providers.flutterwave.client import Gateway, Row
from billing.providers.offers import Change, Offer

_NAME = re.compile(r".* \[([a-z0-9_-]{1,60}) (monthly|yearly)\]", re.ASCII)
# Stands for what a dry run would have made.
NOT_MADE = "(new)"


@dataclass(frozen=True, slots=True)
class KnownPlan:
    code: str
    billing_period: BillingPeriod


@dataclass(slots=True)
class Synced:
    changes: list[Change] = field(default_factory=list)
    # What the operator should know although nothing was changed.
    notes: list[str] = field(default_factory=list)
    # Plan code, then period, then Flutterwave's id.
    ids: dict[str, dict[str, str]] = field(default_factory=dict)


def name_of(offer: Offer, period: str) -> str:
    return f"{offer.name} [{offer.code} {period}]"


def known(gateway: Gateway, plan_id: str) -> KnownPlan | None:
    """Return which plan of ours a payment plan is; None if it is none."""
    return of_name(str(gateway.read(f"/payment-plans/{plan_id}")["data"].get("name")))


def of_name(name: str) -> KnownPlan | None:
    match = _NAME.fullmatch(name)
    return KnownPlan(match[1], cast(BillingPeriod, match[2])) if match else None


def sync(gateway: Gateway, offers: list[Offer], *, dry_run: bool) -> Synced:
    """Find or make a payment plan per offer and period. One whose price has changed gets a
    new plan; who subscribed to the old one keeps it. Raises `ProviderError`."""
    there = [row for row in gateway.read_all("/payment-plans") if row["status"] == "active"]
    done = Synced()
    for offer in offers:
        for period, price in (("monthly", offer.monthly), ("yearly", offer.yearly)):
            if not price:
                continue
            wanted = name_of(offer, period)
            same = [row for row in there if row.get("name") == wanted]
            fitting = [row for row in same if _fits(row, offer, period, price)]
            if fitting:
                id = str(fitting[0]["id"])
            else:
                id = _make(gateway, offer, period, price, done, dry_run=dry_run)
            done.ids.setdefault(offer.code, {})[period] = id
            done.notes += [
                f"{wanted}: plan {row['id']} has another price and goes on for its"
                " subscribers"
                for row in same
                if row not in fitting
            ]
    return done


def _fits(row: Row, offer: Offer, period: str, price: Decimal) -> bool:
    return (
        row.get("currency") == offer.currency
        and row.get("interval") == period
        and amounts.told(row.get("amount"), offer.currency) == price
    )


def _make(
    gateway: Gateway,
    offer: Offer,
    period: str,
    price: Decimal,
    done: Synced,
    *,
    dry_run: bool,
) -> str:
    detail = f"{price.normalize():f} {offer.currency} {period}"
    done.changes.append(Change("make payment plan", f"{offer.code}:{period}", detail))
    if dry_run:
        return NOT_MADE
    made = gateway.act(
        "POST",
        "/payment-plans",
        {
            "name": name_of(offer, period),
            "interval": period,
            "amount": amounts.asked(price, offer.currency),
            "currency": offer.currency,
            "duration": 0,
        },
    )
    return str(made["data"]["id"])
