"""Draft an invoice of a subscription, together with what was waiting for one."""

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.invoices import drafting, items, totals


def waiting_for(box: Box, subscription: Row) -> list[Row]:
    return items.waiting(
        box,
        subscription["customer"],
        currency=subscription["currency"],
        subscription=subscription["id"],
    )


def draft(
    box: Box,
    subscription: Row,
    *,
    lines: list[Row],
    period: tuple[int, int],
    reason: str,
    **more: object,
) -> Row:
    """Return a draft with the waiting items first, then these lines; announces it."""
    invoice = drafting.of_subscription(
        box,
        subscription,
        lines=lines,
        period=period,
        reason=reason,
        is_announced=False,
        **more,
    )
    taken = items.take(box, invoice["id"], waiting_for(box, subscription))
    invoice["_lines"] = [*taken, *lines]
    totals.add_up(box, invoice)
    emit(box, "invoice.created", invoice)
    return invoice
