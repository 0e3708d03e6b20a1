"""Discounts: a coupon in force on a subscription or an invoice, and what it takes off."""

from servicebilling.sandbox.stripe import coupons, periods, pricing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.parameters import ID, Clearable, Hash, Rows

GIVEN = Rows(Hash(coupon=ID, discount=ID, promotion_code=ID), most=20)
DISCOUNTS = Clearable(GIVEN)


def make_all(
    box: Box,
    given: list[Row],
    *,
    customer: str | None,
    subscription: str | None = None,
    invoice: str | None = None,
    checkout_session: str | None = None,
    amount: int = 0,
    currency: str = "",
) -> list[str]:
    """Redeem what a `discounts` parameter names; return the ids of the discounts."""
    made = []
    for row in given:
        if "discount" in row:
            made.append(box.named("discount", row["discount"], param="discounts")["id"])
            continue
        coupon, code = _coupon_of(
            box, row, customer=customer, amount=amount, currency=currency
        )
        coupons.redeem(box, coupon, code)
        made.append(
            _add(
                box,
                coupon,
                code,
                customer=customer,
                subscription=subscription,
                invoice=invoice,
                checkout_session=checkout_session,
            )["id"]
        )
    return made


def amounts(box: Box, discount_ids: list[str], lines: list[Row]) -> list[dict[str, int]]:
    """Return per line what each discount takes off, by discount id."""
    taken: list[dict[str, int]] = [{} for _ in lines]
    for id in discount_ids:
        coupon = box.get("discount", id)["_coupon"]
        concerned = [
            number
            for number, line in enumerate(lines)
            if line["discountable"] and _concerns(coupon, line)
        ]
        left = coupon["amount_off"] or 0
        for number in concerned:
            open_amount = lines[number]["amount"] - sum(taken[number].values())
            if coupon["percent_off"] is not None:
                thousandths = round(coupon["percent_off"] * 1000)
                off = pricing.part(open_amount, of=thousandths, whole=100_000)
            else:
                off = max(0, min(left, open_amount))
                left -= off
            if off:
                taken[number][id] = off
    return taken


def in_force(box: Box, discount_ids: list[str], at: int) -> list[str]:
    """Return those that still count at a moment."""
    found = []
    for id in discount_ids:
        row = box.find("discount", id)
        if row and (row["end"] is None or at < row["end"]):
            found.append(id)
    return found


def after_use(box: Box, discount_ids: list[str]) -> list[str]:
    """Return what is left of them after an invoice: `once` was that once."""
    return [
        id
        for id in discount_ids
        if box.get("discount", id)["_coupon"]["duration"] != "once"
    ]


def _coupon_of(
    box: Box, row: Row, *, customer: str | None, amount: int, currency: str
) -> tuple[Row, Row | None]:
    if "promotion_code" in row:
        code = box.named("promotion_code", row["promotion_code"], param="discounts")
        problem = coupons.redeemable(
            box, code, customer=customer, amount=amount, currency=currency
        )
        if problem:
            raise refused(problem, param="discounts")
        return box.get("coupon", code["promotion"]["coupon"]), code
    coupon = box.named("coupon", row.get("coupon", ""), param="discounts")
    if not coupons.is_valid(box, coupon):
        raise refused(f"Coupon {coupon['id']} is used up or expired.", param="discounts")
    return coupon, None


def _add(
    box: Box,
    coupon: Row,
    code: Row | None,
    *,
    customer: str | None,
    subscription: str | None,
    invoice: str | None,
    checkout_session: str | None,
) -> Row:
    start = box.now(customer)
    months = coupon["duration_in_months"]
    return box.add(
        "discount",
        {
            "checkout_session": checkout_session,
            "customer": customer,
            "customer_account": None,
            "end": months and periods.step(start, interval="month", count=months),
            "invoice": invoice,
            "invoice_item": None,
            "promotion_code": code and code["id"],
            "source": {"type": "coupon", "coupon": coupon["id"]},
            "start": start,
            "subscription": subscription,
            "subscription_item": None,
            # As it was then: a deleted coupon goes on for whoever has it.
            "_coupon": dict(coupon),
        },
    )


def _concerns(coupon: Row, line: Row) -> bool:
    products = coupon["_products"]
    return not products or line["_product"] in products
