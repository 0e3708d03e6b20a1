"""What lines of an order name: recurring prices, and one-time ones such as a setup fee."""

from servicebilling.sandbox.stripe import prices, pricing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.invoices import lines
from servicebilling.sandbox.stripe.parameters import merged


def item_price(box: Box, row: Row, *, where: str) -> Row:
    """Return the price that a line names or describes."""
    if "price_data" in row:
        return prices.made_on_the_spot(box, row["price_data"], param=f"{where}[price_data]")
    if "price" not in row:
        raise refused(f"Missing required param: {where}[price].", param=f"{where}[price]")
    price = box.named("price", row["price"], param=f"{where}[price]")
    if not price["active"]:
        raise refused(
            "The price specified is inactive. This field only accepts active prices.",
            param=f"{where}[price]",
        )
    return price


def extra_lines(box: Box, given: list[Row], *, at: int) -> list[Row]:
    """Return one-time lines for the next invoice, such as a setup fee."""
    made = []
    for number, row in enumerate(given):
        where = f"add_invoice_items[{number}]"
        price = item_price(box, row, where=where)
        if price["recurring"]:
            raise refused("The price must be one-time.", param=f"{where}[price]")
        quantity = row.get("quantity", 1)
        made.append(
            lines.make(
                amount=pricing.cost(price, quantity),
                currency=price["currency"],
                description=box.get("product", price["product"])["name"],
                start=at,
                end=at,
                price=price,
                quantity=quantity,
                metadata=merged({}, row.get("metadata", {})),
                is_discountable=row.get("discountable", True),
            )
        )
    return made
