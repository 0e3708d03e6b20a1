"""Prices of our plans at Stripe, found by lookup key. A price there cannot be changed, so
another amount is another price; whoever has subscribed stays on the old one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.providers.base import ProviderError
from billing.providers.offers import Offer
from billing.providers.stripe.client import Gateway, Row
from billing.providers.stripe.journal import Journal
from servicebilling.lib import money

LOOKUP_KEYS_AT_ONCE = 10
# Our prices are without taxes. Where nothing is said Stripe decides by the currency, and takes
# most prices for such with taxes.
ON_TOP = "exclusive"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A price as it should be. `kind` is `monthly`, `yearly`, `setup` or `overage`."""

    offer: Offer
    kind: str
    amount: Decimal

    @property
    def key(self) -> str:
        return f"{self.offer.code}_{self.kind}"

    @property
    def is_metered(self) -> bool:
        return self.kind == "overage"

    @property
    def interval(self) -> str:
        return {"monthly": "month", "yearly": "year", "overage": "month"}.get(self.kind, "")

    @property
    def metadata(self) -> dict[str, str]:
        if self.kind in ("monthly", "yearly"):
            return {"plan": self.offer.code, "period": self.kind, "kind": "flat"}
        return {"plan": self.offer.code, "kind": self.kind}

    @property
    def product(self) -> tuple[str, str]:
        """Id and name; the name is what a customer reads beside the amount."""
        id = f"prod_{self.offer.code}"
        match self.kind:
            case "setup":
                return f"{id}_setup", f"{self.offer.name}: setup, once"
            case "overage":
                return f"{id}_overage", f"{self.offer.name}: minutes beyond the plan"
            case _:
                return id, self.offer.name

    @property
    def shown(self) -> str:
        return money.shown(self.amount, self.offer.currency)


def wanted_of(offer: Offer) -> Iterator[Wanted]:
    for kind in ("monthly", "yearly", "setup", "overage"):
        amount = getattr(offer, kind)
        if amount is not None:
            yield Wanted(offer, kind, amount)


def find(gateway: Gateway, keys: Iterable[str]) -> dict[str, Row]:
    """Return the prices that stand for these lookup keys today."""
    found: dict[str, Row] = {}
    every = list(keys)
    for first in range(0, len(every), LOOKUP_KEYS_AT_ONCE):
        found |= _find_some(gateway, every[first : first + LOOKUP_KEYS_AT_ONCE])
    return found


def _find_some(gateway: Gateway, keys: list[str]) -> dict[str, Row]:
    params: Any = {"lookup_keys": keys, "limit": 100}
    rows = gateway.ask_all(lambda client: client.v1.prices.list(params))
    return {row["lookup_key"]: row for row in rows}


def ensure(journal: Journal, wanted: Wanted, found: Row | None, *, meter: str) -> Row:
    """Return the price as it should be: found, or made in place of the one found."""
    if found is None:
        detail = f"made: {wanted.shown}"
        return _make(journal, wanted, meter=meter, detail=detail, replaces=False)
    different = differences(wanted, found, meter=meter)
    if not different:
        _ensure_words(journal, wanted, found)
        return found
    detail = f"{', '.join(different)}: replaced by {wanted.shown}"
    made = _make(journal, wanted, meter=meter, detail=detail, replaces=True)
    if found["active"]:
        journal.do(
            "price",
            found["id"],
            "no longer offered",
            lambda client: client.v1.prices.update(found["id"], {"active": False}),
        )
    return made


def params_of(wanted: Wanted, *, meter: str) -> Row:
    """Return what a price is made of."""
    params: Row = {
        "product": wanted.product[0],
        "currency": wanted.offer.currency.lower(),
        "unit_amount_decimal": f"{_minor(wanted):f}",
        "lookup_key": wanted.key,
        "metadata": wanted.metadata,
        "tax_behavior": ON_TOP,
    }
    if wanted.interval:
        params["recurring"] = {"interval": wanted.interval}
    if wanted.is_metered:
        params["recurring"] |= {"usage_type": "metered", "meter": meter}
    return params


def differences(wanted: Wanted, found: Row, *, meter: str) -> list[str]:
    """Return in what a price is not the one wanted, in words; nothing if it will do."""
    recurring: Mapping[str, Any] = found.get("recurring") or {}
    amount = found.get("unit_amount_decimal")
    metered = recurring.get("usage_type") == "metered"
    checks = {
        "currency": found["currency"] == wanted.offer.currency.lower(),
        "amount": amount is not None and Decimal(amount) == _minor(wanted),
        "interval": recurring.get("interval", "") == wanted.interval
        and recurring.get("interval_count", 1) == 1,
        "use of a meter": metered == wanted.is_metered,
        "meter": not wanted.is_metered or recurring.get("meter") == meter,
        "counting in packages": found.get("transform_quantity") is None,
        "no longer offered": found["active"],
        "taxes within it": found.get("tax_behavior") != "inclusive",
    }
    return [name for name, fits in checks.items() if not fits]


def refuse_free_tier(price: Row) -> None:
    """Raise `ProviderError` for a metered price some of whose units cost nothing.

    Included and bought minutes are counted here, and only what goes beyond them is reported.
    A free tier would give the included minutes a second time.
    """
    recurring = price.get("recurring") or {}
    if recurring.get("usage_type") != "metered":
        return
    for tier in price.get("tiers") or []:
        if not Decimal(tier["unit_amount_decimal"] or 0):
            raise ProviderError(
                f"{price['id']} has a free tier (up to {tier['up_to'] or 'any number'})."
                " Only minutes beyond the included and the bought ones are reported to"
                " Stripe, so a free tier would give minutes away a second time. Make a"
                " price that charges from the first unit.",
                retry=False,
            )


def adopt(journal: Journal, wanted: Wanted, price_id: str, *, meter: str) -> Row:
    """Return an existing price that shall stand for a lookup key from now on.

    Raises `ProviderError`, saying why, when it charges otherwise than the plan says.
    """
    params: Any = {"expand": ["tiers"]}
    price = journal.gateway.ask(lambda client: client.v1.prices.retrieve(price_id, params))
    refuse_free_tier(price)
    different = differences(wanted, price, meter=meter)
    if different:
        raise ProviderError(
            f"{price_id} cannot stand for {wanted.key}, which is {wanted.shown}"
            f" {wanted.interval or 'once'}: it differs in {', '.join(different)}.",
            retry=False,
        )
    if price.get("lookup_key") != wanted.key:
        told: Any = {"lookup_key": wanted.key, "transfer_lookup_key": True}
        journal.do(
            "price",
            price_id,
            f"adopted as {wanted.key}",
            lambda client: client.v1.prices.update(price_id, told),
        )
    _ensure_words(journal, wanted, price)
    return price


def _ensure_words(journal: Journal, wanted: Wanted, price: Row) -> None:
    """What a webhook reads off a price, the plan and the period that it belongs to; and that
    taxes come on top."""
    told: Any = {}
    if not wanted.metadata.items() <= (price.get("metadata") or {}).items():
        told["metadata"] = wanted.metadata
    if price.get("tax_behavior") != ON_TOP:
        # May be said once, where nothing was said before.
        told["tax_behavior"] = ON_TOP
    if not told:
        return
    journal.do(
        "price",
        price["id"],
        f"says that it is {wanted.key}",
        lambda client: client.v1.prices.update(price["id"], told),
    )


def _make(
    journal: Journal, wanted: Wanted, *, meter: str, detail: str, replaces: bool
) -> Row:
    params: Any = params_of(wanted, meter=meter)
    if replaces:
        params["transfer_lookup_key"] = True
    return journal.do(
        "price", wanted.key, detail, lambda client: client.v1.prices.create(params)
    )


def _minor(wanted: Wanted) -> Decimal:
    """The amount as Stripe counts it; a minute may cost a part of a cent."""
    places = money.minor_places(wanted.offer.currency)
    return wanted.amount.scaleb(places).normalize()
