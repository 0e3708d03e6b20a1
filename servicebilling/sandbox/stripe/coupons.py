"""Coupons and promotion codes."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    MOMENT,
    Choice,
    Flag,
    Hash,
    Metadata,
    Number,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import includes, presents

PATH = "/v1/coupons"
CODES = "/v1/promotion_codes"
CREATE = Hash(
    amount_off=Whole(least=1),
    applies_to=Hash(products=Rows(ID)),
    currency=CURRENCY,
    duration=Choice("forever", "once", "repeating"),
    duration_in_months=Whole(least=1),
    id=ID,
    max_redemptions=Whole(least=1),
    metadata=Metadata(),
    name=Text(40),
    percent_off=Number(),
    redeem_by=MOMENT,
)
RESTRICTIONS = Hash(
    first_time_transaction=Flag(),
    minimum_amount=Whole(least=1),
    minimum_amount_currency=CURRENCY,
)
CREATE_CODE = Hash(
    must=["promotion"],
    active=Flag(),
    code=Text(500),
    customer=ID,
    expires_at=MOMENT,
    max_redemptions=Whole(least=1),
    metadata=Metadata(),
    promotion=Hash(must=["type", "coupon"], type=Choice("coupon"), coupon=ID),
    restrictions=RESTRICTIONS,
)


def is_valid(box: Box, coupon: Row) -> bool:
    """Return whether a coupon may still be redeemed."""
    most, until = coupon["max_redemptions"], coupon["redeem_by"]
    return (most is None or coupon["times_redeemed"] < most) and (
        until is None or box.now() < until
    )


def redeemable(
    box: Box, code: Row, *, customer: str | None, amount: int, currency: str
) -> str:
    """Return why a promotion code cannot be used now; empty when it can."""
    coupon = box.find("coupon", code["promotion"]["coupon"])
    rules = code["restrictions"]
    if not code["active"] or coupon is None or not is_valid(box, coupon):
        return "This code is invalid."
    if code["expires_at"] is not None and code["expires_at"] <= box.now(customer):
        return "This code has expired."
    if code["customer"] not in (None, customer):
        return "This code is invalid."
    least = rules["minimum_amount"]
    if least is not None and (
        amount < least or currency != rules["minimum_amount_currency"]
    ):
        return "This code is not for so small an amount."
    if rules["first_time_transaction"] and _has_paid(box, customer):
        return "This code is for first orders alone."
    return ""


def redeem(box: Box, coupon: Row, code: Row | None) -> None:
    """Count one more use."""
    coupon["times_redeemed"] += 1
    if code is not None:
        code["times_redeemed"] += 1
        most = code["max_redemptions"]
        if most is not None and code["times_redeemed"] >= most:
            code["active"] = False


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    id = params.pop("id", "")
    if id and box.find("coupon", id):
        raise refused("Coupon already exists.", param="id", code="resource_already_exists")
    if ("percent_off" in params) == ("amount_off" in params):
        raise refused("Exactly one of percent_off and amount_off is needed.")
    if "amount_off" in params and "currency" not in params:
        raise refused("Missing required param: currency.", param="currency")
    duration = params.get("duration", "once")
    if (duration == "repeating") != ("duration_in_months" in params):
        raise refused(
            "`duration_in_months` goes with `duration` repeating.",
            param="duration_in_months",
        )
    percent = float(params["percent_off"]) if "percent_off" in params else None
    if percent is not None and not 0 < percent <= 100:
        raise refused("Invalid percent_off: must be in (0, 100].", param="percent_off")
    coupon = box.add(
        "coupon",
        {
            "amount_off": params.get("amount_off"),
            "currency": params.get("currency"),
            "duration": duration,
            "duration_in_months": params.get("duration_in_months"),
            "max_redemptions": params.get("max_redemptions"),
            "metadata": merged({}, params.get("metadata", {})),
            "name": params.get("name"),
            "percent_off": percent,
            "redeem_by": params.get("redeem_by"),
            "times_redeemed": 0,
            "_products": params.get("applies_to", {}).get("products"),
        },
        id=id,
    )
    emit(box, "coupon.created", coupon)
    return coupon


@routing.get(PATH, LISTING.also(created=BETWEEN))
def list_coupons(box: Box, params: Row) -> Row:
    return listing.page(box, "coupon", params, url=PATH)


@routing.get(PATH + "/{coupon}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("coupon", id, param="coupon")


@routing.post(PATH + "/{coupon}", Hash(metadata=Metadata(), name=Text(40)))
def update(box: Box, params: Row, id: str) -> Row:
    coupon = box.named_in_path("coupon", id, param="coupon")
    with changing(box, coupon, "coupon.updated"):
        if "metadata" in params:
            coupon["metadata"] = merged(coupon["metadata"], params.pop("metadata"))
        coupon |= params
    return coupon


@routing.delete(PATH + "/{coupon}")
def delete(box: Box, params: Row, id: str) -> Row:
    """Take it off the market; who has it keeps it."""
    coupon = box.named_in_path("coupon", id, param="coupon")
    emit(box, "coupon.deleted", coupon)
    box.drop(coupon)
    return {"id": id, "object": "coupon", "deleted": True}


@presents("coupon")
def _with_validity(box: Box, coupon: Row) -> Row:
    return {"valid": is_valid(box, coupon)}


@includes("coupon", "applies_to")
def _applies_to(box: Box, coupon: Row) -> Row:
    return {"products": coupon["_products"] or []}


@routing.post(CODES, CREATE_CODE)
def create_code(box: Box, params: Row) -> Row:
    promotion = params["promotion"]
    box.named("coupon", promotion["coupon"], param="promotion[coupon]")
    code = params.get("code") or new_id("", 8).upper()
    if any(
        row["active"] and row["code"].lower() == code.lower()
        for row in box.every("promotion_code")
    ):
        raise refused(
            f"An active promotion code with `code: {code}` already exists.", param="code"
        )
    restrictions = params.get("restrictions", {})
    row = box.add(
        "promotion_code",
        {
            "active": params.get("active", True),
            "code": code,
            "customer": params.get("customer"),
            "customer_account": None,
            "expires_at": params.get("expires_at"),
            "max_redemptions": params.get("max_redemptions"),
            "metadata": merged({}, params.get("metadata", {})),
            "promotion": {"type": "coupon", "coupon": promotion["coupon"]},
            "restrictions": {
                "first_time_transaction": restrictions.get("first_time_transaction", False),
                "minimum_amount": restrictions.get("minimum_amount"),
                "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
            },
            "times_redeemed": 0,
        },
    )
    emit(box, "promotion_code.created", row)
    return row


@routing.get(
    CODES,
    LISTING.also(active=Flag(), code=Text(), coupon=ID, created=BETWEEN, customer=ID),
)
def list_codes(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "active", "customer")

    def matches(row: Row) -> bool:
        coupon = row["promotion"]["coupon"]
        same_code = str(params.get("code", row["code"])).lower() == row["code"].lower()
        return fits(row) and same_code and params.get("coupon", coupon) == coupon

    return listing.page(box, "promotion_code", params, url=CODES, where=matches)


@routing.get(CODES + "/{promotion_code}")
def retrieve_code(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("promotion_code", id, param="promotion_code")


@routing.post(CODES + "/{promotion_code}", Hash(active=Flag(), metadata=Metadata()))
def update_code(box: Box, params: Row, id: str) -> Row:
    code = box.named_in_path("promotion_code", id, param="promotion_code")
    with changing(box, code, "promotion_code.updated"):
        if "metadata" in params:
            code["metadata"] = merged(code["metadata"], params.pop("metadata"))
        code |= params
    return code


def _has_paid(box: Box, customer: str | None) -> bool:
    return any(
        row["customer"] == customer and row["status"] == "succeeded"
        for row in box.every("charge")
        if customer
    )
