"""Prices: immutable but for a few words, found again by their lookup key."""

from typing import Any

from servicebilling.sandbox.stripe import listing, products, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    Anything,
    Choice,
    Either,
    Flag,
    Hash,
    Metadata,
    Number,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import includes

PATH = "/v1/prices"
INTERVALS = Choice("day", "week", "month", "year")
TAX_BEHAVIORS = Choice("exclusive", "inclusive", "unspecified")
PRODUCT_DATA = Hash(
    must=["name"],
    description=Text(40_000),
    images=Rows(Text(), most=8),
    metadata=Metadata(),
    name=Text(),
    tax_code=Text(),
    tax_details=Anything(),
    unit_label=Text(12),
)
# A price made on the spot, in a line of a checkout, a subscription or an invoice.
PRICE_DATA = Hash(
    must=["currency"],
    currency=CURRENCY,
    product=ID,
    product_data=PRODUCT_DATA,
    recurring=Hash(must=["interval"], interval=INTERVALS, interval_count=Whole(least=1)),
    tax_behavior=TAX_BEHAVIORS,
    unit_amount=Whole(),
    unit_amount_decimal=Number(),
)
CREATE = Hash(
    must=["currency"],
    active=Flag(),
    billing_scheme=Choice("per_unit", "tiered"),
    currency=CURRENCY,
    lookup_key=Text(200),
    metadata=Metadata(),
    nickname=Text(),
    product=ID,
    product_data=PRODUCT_DATA.also(active=Flag(), id=ID, statement_descriptor=Text(22)),
    recurring=Hash(
        must=["interval"],
        interval=INTERVALS,
        interval_count=Whole(least=1),
        meter=ID,
        usage_type=Choice("licensed", "metered"),
    ),
    tax_behavior=TAX_BEHAVIORS,
    tiers=Rows(
        Hash(
            must=["up_to"],
            flat_amount=Whole(),
            flat_amount_decimal=Number(),
            unit_amount=Whole(),
            unit_amount_decimal=Number(),
            up_to=Either(Whole(least=1), Choice("inf")),
        )
    ),
    tiers_mode=Choice("graduated", "volume"),
    transfer_lookup_key=Flag(),
    transform_quantity=Hash(
        must=["divide_by", "round"], divide_by=Whole(least=1), round=Choice("up", "down")
    ),
    unit_amount=Whole(),
    unit_amount_decimal=Number(),
)
UPDATE = Hash(
    active=Flag(),
    lookup_key=Text(200),
    metadata=Metadata(),
    nickname=Text(),
    tax_behavior=TAX_BEHAVIORS,
    transfer_lookup_key=Flag(),
)
LIST = LISTING.also(
    active=Flag(),
    created=BETWEEN,
    currency=CURRENCY,
    lookup_keys=Rows(Text(), most=10),
    product=ID,
    recurring=Hash(interval=INTERVALS, meter=ID, usage_type=Choice("licensed", "metered")),
    type=Choice("one_time", "recurring"),
)


def is_metered(price: Row) -> bool:
    return bool(price["recurring"] and price["recurring"]["usage_type"] == "metered")


def made_on_the_spot(box: Box, data: Row, *, param: str) -> Row:
    """Return the price that a line's `price_data` describes; inactive, for that line only."""
    _exactly_one(data, "unit_amount", "unit_amount_decimal", param=param)
    _exactly_one(data, "product", "product_data", param=param)
    if "product" in data:
        product = box.named("product", data["product"], param=f"{param}[product]")
    else:
        product = products.make(box, {"active": False, **data["product_data"]})
    return _add(box, data | {"active": False, "product": product["id"]})


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    _exactly_one(params, "product", "product_data", param="")
    _check_scheme(params)
    _check_recurring(box, params.get("recurring"))
    if "product_data" in params:
        data = params.pop("product_data")
        params["product"] = products.make(box, data, id=data.pop("id", ""))["id"]
    box.named("product", params["product"], param="product")
    _take_lookup_key(box, params)
    price = _add(box, params)
    emit(box, "price.created", price)
    return price


@routing.get(PATH, LIST)
def list_prices(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "active", "currency", "product", "type")
    recurring: dict[str, Any] = params.get("recurring", {})

    def matches(row: Row) -> bool:
        keys = params.get("lookup_keys", [row["lookup_key"]])
        has = row["recurring"] or {}
        return (
            fits(row)
            and row["lookup_key"] in keys
            and all(has.get(key) == word for key, word in recurring.items())
        )

    return listing.page(box, "price", params, url=PATH, where=matches)


@routing.get(PATH + "/{price}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("price", id, param="price")


@routing.post(PATH + "/{price}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    price = box.named_in_path("price", id, param="price")
    if price["tax_behavior"] != "unspecified" and "tax_behavior" in params:
        raise refused("The tax behavior cannot be changed once set.", param="tax_behavior")
    if params.get("lookup_key") != price["lookup_key"]:
        _take_lookup_key(box, params)
    params.pop("transfer_lookup_key", None)
    with changing(box, price, "price.updated"):
        if "metadata" in params:
            price["metadata"] = merged(price["metadata"], params.pop("metadata"))
        price |= params
    return price


def _add(box: Box, given: Row) -> Row:
    amount = given.get("unit_amount_decimal", str(given.get("unit_amount", "")))
    is_tiered = given.get("billing_scheme") == "tiered"
    recurring = given.get("recurring")
    return box.add(
        "price",
        {
            "active": given.get("active", True),
            "billing_scheme": given.get("billing_scheme", "per_unit"),
            "currency": given["currency"].lower(),
            "custom_unit_amount": None,
            "lookup_key": given.get("lookup_key"),
            "metadata": merged({}, given.get("metadata", {})),
            "nickname": given.get("nickname"),
            "product": given["product"],
            "recurring": recurring
            and {
                "interval": recurring["interval"],
                "interval_count": recurring.get("interval_count", 1),
                "meter": recurring.get("meter"),
                "trial_period_days": None,
                "usage_type": recurring.get("usage_type", "licensed"),
            },
            "tax_behavior": given.get("tax_behavior", "unspecified"),
            "tiers_mode": given.get("tiers_mode"),
            "transform_quantity": given.get("transform_quantity"),
            "type": "recurring" if recurring else "one_time",
            "unit_amount": None if is_tiered else _whole(amount),
            "unit_amount_decimal": None if is_tiered else amount,
            "_tiers": [_tier(tier) for tier in given.get("tiers", [])],
        },
    )


def _tier(given: Row) -> Row:
    unit = given.get("unit_amount_decimal", str(given.get("unit_amount", "")) or None)
    flat = given.get("flat_amount_decimal", str(given.get("flat_amount", "")) or None)
    return {
        "flat_amount": _whole(flat),
        "flat_amount_decimal": flat,
        "unit_amount": _whole(unit),
        "unit_amount_decimal": unit,
        "up_to": None if given["up_to"] == "inf" else given["up_to"],
    }


def _whole(amount: str | None) -> int | None:
    return int(amount) if amount and "." not in amount else None


def _check_scheme(params: Row) -> None:
    if params.get("billing_scheme") != "tiered":
        for key in ("tiers", "tiers_mode"):
            if key in params:
                raise refused("Tiers need `billing_scheme` tiered.", param=key)
        _exactly_one(params, "unit_amount", "unit_amount_decimal", param="")
        return
    for key in ("tiers", "tiers_mode"):
        if not params.get(key):
            raise refused(f"Missing required param: {key}.", param=key)
    for key in ("unit_amount", "unit_amount_decimal", "transform_quantity"):
        if key in params:
            raise refused(f"You cannot set `{key}` with tiers.", param=key)
    bounds = [tier["up_to"] for tier in params["tiers"]]
    if bounds[-1] != "inf" or "inf" in bounds[:-1]:
        raise refused("The last tier, and it alone, has `up_to` inf.", param="tiers")
    if bounds[:-1] != sorted(set(bounds[:-1])):
        raise refused("Tiers must be in ascending order.", param="tiers")


def _check_recurring(box: Box, recurring: Row | None) -> None:
    if recurring is None:
        return
    if recurring.get("usage_type") == "metered":
        if "meter" not in recurring:
            raise refused(
                "Metered prices must be backed by a meter.", param="recurring[meter]"
            )
        meter = box.named("billing.meter", recurring["meter"], param="recurring[meter]")
        if meter["status"] != "active":
            raise refused("The meter is not active.", param="recurring[meter]")
    elif "meter" in recurring:
        raise refused(
            "A price with a meter needs `usage_type` metered.",
            param="recurring[usage_type]",
        )


def _take_lookup_key(box: Box, params: Row) -> None:
    """Free the lookup key for a new owner, where that is asked for."""
    key = params.get("lookup_key")
    transfers = params.pop("transfer_lookup_key", False)
    owner = next(
        (row for row in box.every("price") if key and row["lookup_key"] == key), None
    )
    if owner is None:
        return
    if not transfers:
        raise refused(
            f"A price (`{owner['id']}`) already uses that lookup key.", param="lookup_key"
        )
    with changing(box, owner, "price.updated"):
        owner["lookup_key"] = None


def _exactly_one(given: Row, first: str, second: str, *, param: str) -> None:
    if (first in given) == (second in given):
        raise ApiError(
            f"You must provide exactly one of {first} or {second}.", param=param or first
        )


@includes("price", "tiers")
def _tiers(box: Box, price: Row) -> list[Row]:
    found: list[Row] = price["_tiers"]
    return found


@includes("price", "currency_options")
def _currency_options(box: Box, price: Row) -> Row:
    return {}
