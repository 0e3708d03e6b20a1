"""What an invoice comes to: discounts, tax, then what the customer's balance covers."""

from servicebilling.sandbox.stripe import discounts, pricing
from servicebilling.sandbox.stripe.box import Box, Row

TAX_RATE = "txr_sandbox"


def add_up(box: Box, invoice: Row) -> Row:
    """Set every sum of a draft from its lines."""
    lines = invoice["_lines"]
    active = discounts.in_force(box, invoice["discounts"], invoice["created"])
    taken = discounts.amounts(box, active, lines)
    percent = box.settings["tax_percent"] if invoice["automatic_tax"]["enabled"] else 0
    for line, off in zip(lines, taken, strict=True):
        net = line["amount"] - sum(off.values())
        line["invoice"] = invoice["id"]
        line["discount_amounts"] = [
            {"amount": amount, "discount": id} for id, amount in off.items()
        ]
        line["taxes"] = _taxes(net, percent)
    subtotal = sum(line["amount"] for line in lines)
    off_in_all = {id: sum(off.get(id, 0) for off in taken) for id in active}
    net = subtotal - sum(off_in_all.values())
    tax = sum(row["amount"] for line in lines for row in line["taxes"])
    invoice |= {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total_discount_amounts": [
            {"amount": amount, "discount": id} for id, amount in off_in_all.items()
        ],
        "total_excluding_tax": net,
        "total_taxes": _sum_of_taxes(net, tax, percent),
        "total": net + tax,
    }
    return draw_on_balance(box, invoice)


def draw_on_balance(box: Box, invoice: Row) -> Row:
    """Set what is due, as the customer's balance is now; a credit is kept, never paid out."""
    customer = box.find("customer", invoice["customer"]) or {}
    balance: int = 0 if invoice.get("_pays_with") else customer.get("balance", 0)
    total: int = invoice["total"]
    due = max(0, total + balance)
    invoice["starting_balance"] = balance
    invoice["amount_due"] = due
    invoice["amount_remaining"] = due - invoice["amount_paid"]
    invoice["_balance_change"] = due - total
    return invoice


def _taxes(net: int, percent: int) -> list[Row]:
    if not percent:
        return []
    return [_tax(pricing.part(net, of=percent, whole=100), net)]


def _sum_of_taxes(net: int, tax: int, percent: int) -> list[Row]:
    return [_tax(tax, net)] if percent else []


def _tax(amount: int, taxable: int) -> Row:
    return {
        "amount": amount,
        "tax_behavior": "exclusive",
        "tax_rate_details": {"tax_rate": TAX_RATE},
        "taxability_reason": "standard_rated",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }
