"""Invoices and items that we make at Stripe: what was used, after the fact."""

from typing import Any

from billing.events import Invoiced, InvoiceLine
from billing.providers.base import ProviderError
from billing.providers.orders import InvoiceOrder, ItemOrder
from billing.providers.stripe.client import NAME, Gateway, Row
from billing.providers.stripe.prices import ON_TOP
from billing.providers.stripe.snapshots import moment
from servicebilling.lib import money

_STATES = ("open", "paid", "void", "uncollectible")


def issue(gateway: Gateway, order: InvoiceOrder, *, with_tax: bool) -> Invoiced:
    """Make an invoice with its lines and finalize it. One that was begun, even days ago, is
    found by our name for it and finished. Raises `ProviderError`."""
    found = _begun(gateway, order) or _begin(gateway, order, with_tax=with_tax)
    if found["status"] == "draft":
        _add_lines(gateway, order, found["id"])
        found = _finalized(gateway, found["id"])
    made = invoiced(found, is_period=False)
    if made is None:
        raise ProviderError(f"{found['id']} is a draft after all.", retry=True)
    return made


def mark_paid(gateway: Gateway, invoice_id: str) -> Invoiced:
    """Mark an open invoice as paid outside Stripe; one that is paid already stays so.

    What its payment pays for is told by its event, where it is of a subscription.
    """
    found = gateway.ask(lambda client: client.v1.invoices.retrieve(invoice_id))
    if found["status"] != "paid":
        found = gateway.act(
            f"paid:{invoice_id}",
            lambda client, once: client.v1.invoices.pay(
                invoice_id, {"paid_out_of_band": True}, once
            ),
        )
    is_period = bool((found.get("parent") or {}).get("subscription_details"))
    made = invoiced(found, is_period=is_period)
    if made is None:
        raise ProviderError(f"{invoice_id} is a draft.", retry=False)
    return made


def add_item(gateway: Gateway, order: ItemOrder) -> str:
    """Put an amount on the subscription's open draft, else let it wait for its next
    invoice. Looked for first: a key counts for a day, an item for ever."""
    known = gateway.ask_all(
        lambda client: client.v1.invoice_items.list(
            {"customer": order.customer_id, "limit": 100}
        )
    )
    for row in known:
        if (row.get("metadata") or {}).get("key") == order.key:
            return str(row["id"])
    params: Any = {
        "customer": order.customer_id,
        "amount": money.to_minor(order.amount, order.currency),
        "currency": order.currency.lower(),
        "description": order.text,
        "metadata": {"key": order.key},
        "tax_behavior": ON_TOP,
    }
    if order.subscription_id:
        params["subscription"] = order.subscription_id
        if draft := _draft_of(gateway, order.subscription_id):
            params["invoice"] = draft
    # Whether there is a draft may differ at the next try, and so would the parameters.
    key = f"item:{order.key}:{params.get('invoice', '')}"
    made = gateway.act(
        key, lambda client, once: client.v1.invoice_items.create(params, once)
    )
    return str(made["id"])


def invoiced(row: Row, *, is_period: bool) -> Invoiced | None:
    """Return a fetched invoice as a fact; None while it is a draft. Pure."""
    if row["status"] not in _STATES:
        return None
    currency = row["currency"].upper()
    transitions = row.get("status_transitions") or {}
    net = row.get("total_excluding_tax")
    net = row["total"] if net is None else net
    return Invoiced(
        provider=NAME,
        invoice_id=row["id"],
        number=row.get("number") or "",
        state=row["status"],
        currency=currency,
        subtotal=money.from_minor(net, currency),
        tax=money.from_minor(row["total"] - net, currency),
        total=money.from_minor(row["total"], currency),
        amount_paid=money.from_minor(row["amount_paid"], currency),
        lines=tuple(_line(line, currency) for line in row["lines"]["data"]),
        issued_at=moment(transitions.get("finalized_at") or row["created"]),
        is_period=is_period,
        due_at=moment(row["due_date"]) if row.get("due_date") else None,
        paid_at=moment(transitions["paid_at"]) if transitions.get("paid_at") else None,
        url=row.get("hosted_invoice_url") or "",
        pdf_url=row.get("invoice_pdf") or "",
        document_id=(row.get("metadata") or {}).get("document_id", ""),
    )


def _line(line: Row, currency: str) -> InvoiceLine:
    return InvoiceLine(
        text=line.get("description") or "",
        quantity=str(line.get("quantity") or ""),
        amount=money.from_minor(line["amount"], currency),
    )


def _begun(gateway: Gateway, order: InvoiceOrder) -> Row | None:
    rows = gateway.ask_all(
        lambda client: client.v1.invoices.list(
            {"customer": order.customer_id, "limit": 100}
        )
    )
    name = str(order.document_id)
    mine = [row for row in rows if (row.get("metadata") or {}).get("document_id") == name]
    return mine[0] if mine else None


def _begin(gateway: Gateway, order: InvoiceOrder, *, with_tax: bool) -> Row:
    customer = gateway.ask(lambda client: client.v1.customers.retrieve(order.customer_id))
    has_card = (customer.get("invoice_settings") or {}).get("default_payment_method")
    params: Any = {
        "customer": order.customer_id,
        "currency": order.currency.lower(),
        "metadata": {"document_id": str(order.document_id)},
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
    }
    if has_card:
        params["collection_method"] = "charge_automatically"
    else:
        params |= {
            "collection_method": "send_invoice",
            "days_until_due": order.days_until_due,
        }
    if with_tax:
        params["automatic_tax"] = {"enabled": True}
    key = f"invoice:{order.document_id}"
    return gateway.act(key, lambda client, once: client.v1.invoices.create(params, once))


def _add_lines(gateway: Gateway, order: InvoiceOrder, invoice_id: str) -> None:
    there = gateway.ask_all(
        lambda client: client.v1.invoice_items.list({"invoice": invoice_id, "limit": 100})
    )
    known = {(row.get("metadata") or {}).get("line") for row in there}
    for number, line in enumerate(order.lines):
        if str(number) in known:
            continue
        params: Any = {
            "customer": order.customer_id,
            "invoice": invoice_id,
            "amount": money.to_minor(line.amount, order.currency),
            "currency": order.currency.lower(),
            "description": line.text,
            "metadata": {"line": str(number)},
            "tax_behavior": ON_TOP,
        }
        _create_item(gateway, f"invoice:{order.document_id}:{number}", params)


def _create_item(gateway: Gateway, key: str, params: Any) -> None:
    gateway.act(key, lambda client, once: client.v1.invoice_items.create(params, once))


def _finalized(gateway: Gateway, invoice_id: str) -> Row:
    """Finalize without a key: under one, a refusal whose cause is mended would be repeated
    for a day. What another worker has made final meanwhile is taken as it is."""
    try:
        return gateway.ask(
            lambda client: client.v1.invoices.finalize_invoice(
                invoice_id, {"auto_advance": True}
            )
        )
    except ProviderError:
        found = gateway.ask(lambda client: client.v1.invoices.retrieve(invoice_id))
        if found["status"] == "draft":
            raise
        return found


def _draft_of(gateway: Gateway, subscription_id: str) -> str:
    rows = gateway.ask_all(
        lambda client: client.v1.invoices.list(
            {"subscription": subscription_id, "status": "draft", "limit": 10}
        )
    )
    return str(rows[0]["id"]) if rows else ""
