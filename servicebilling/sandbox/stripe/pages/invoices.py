"""Invoices, credit notes and receipts as customers see them: a page, a PDF, a way to pay."""

from typing import Any

from servicebilling.sandbox.stripe import cards, payment_methods
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.invoices import collecting
from servicebilling.sandbox.stripe.pages.html import (
    day,
    error,
    esc,
    missing,
    money,
    notice,
    page,
    rows,
    test_cards,
)
from servicebilling.sandbox.stripe.pages.pdf import document
from servicebilling.sandbox.stripe.pages.routes import Page, go_to, shows

Form = dict[str, Any]


@shows("GET", "/invoice/{invoice}")
def show(box: Box, form: Form, id: str) -> Page:
    invoice = _final(box, id)
    return missing() if invoice is None else _drawn(box, invoice)


@shows("POST", "/invoice/{invoice}")
def pay(box: Box, form: Form, id: str) -> Page:
    """Pay with a card given here; it is kept for what comes after."""
    invoice = _final(box, id)
    if invoice is None:
        return missing()
    card = cards.by_number(form.get("pick") or form.get("card") or "")
    if card is None:
        return _drawn(box, invoice, problem="Only test cards work here.")
    if invoice["status"] not in ("open", "uncollectible"):
        return _drawn(box, invoice)
    customer = box.get("customer", invoice["customer"])
    try:
        method = payment_methods.attach(box, payment_methods.make(box, card), customer)
        status = collecting.attempt(box, invoice, method=method, off_session=False)
    except ApiError as refusal:
        return _drawn(box, invoice, problem=str(refusal))
    if status == "requires_action":
        intent = collecting.intent_of(box, invoice)
        return go_to(f"/authenticate/{intent['id']}")
    if status == "requires_payment_method":
        return _drawn(box, invoice, problem=card.message)
    return go_to(f"/invoice/{id}", waits_for_webhooks=True)


@shows("GET", "/invoice/{invoice}/pdf")
def as_pdf(box: Box, form: Form, id: str) -> Page:
    invoice = _final(box, id)
    if invoice is None:
        return missing()
    currency = invoice["currency"]
    lines = [
        "SANDBOX - not a real invoice",
        "",
        f"Invoice {invoice['number']}",
        f"Date of issue {day(invoice['effective_at'])}",
        f"Bill to {invoice['customer_name'] or invoice['customer_email'] or ''}",
        "",
        *(
            f"{(line['description'] or '')[:64]:<66}{_plain(line['amount'], currency):>22}"
            for line in invoice["_lines"]
        ),
        "",
        *(f"{words:<66}{_plain(amount, currency):>22}" for words, amount in _sums(invoice)),
        "",
        f"Status: {invoice['status']}",
    ]
    return Page(200, document(lines), "application/pdf")


@shows("GET", "/invoice/{invoice}/credit/{note}/pdf")
def credit_note_as_pdf(box: Box, form: Form, id: str, note_id: str) -> Page:
    note = box.find("credit_note", note_id)
    if note is None or note["invoice"] != id:
        return missing()
    lines = [
        "SANDBOX - not a real credit note",
        "",
        f"Credit note {note['number']}",
        f"Date of issue {day(note['created'])}",
        "",
        f"{'Total credit':<66}{_plain(note['total'], note['currency']):>22}",
    ]
    return Page(200, document(lines), "application/pdf")


@shows("GET", "/r/{intent}")
def receipt(box: Box, form: Form, id: str) -> Page:
    intent = box.find("payment_intent", id)
    charge = box.find("charge", (intent or {}).get("latest_charge"))
    if charge is None or charge["status"] != "succeeded":
        return missing()
    paid = money(charge["amount"], charge["currency"])
    back = charge["amount_refunded"]
    note = f" {money(back, charge['currency'])} of it was refunded." if back else ""
    return notice("Receipt", f"{paid}, paid on {day(charge['created'])}.{note}")


def _final(box: Box, id: str) -> Row | None:
    invoice = box.find("invoice", id)
    return None if invoice is None or invoice["status"] == "draft" else invoice


def _sums(invoice: Row) -> list[tuple[str, int]]:
    sums = [("Subtotal", invoice["subtotal"])]
    off = sum(row["amount"] for row in invoice["total_discount_amounts"])
    tax = sum(row["amount"] for row in invoice["total_taxes"])
    sums += [("Discount", -off)] if off else []
    sums += [("Tax", tax)] if tax else []
    sums.append(("Total", invoice["total"]))
    applied = invoice["amount_due"] - invoice["total"]
    sums += [("Applied balance and credit", applied)] if applied else []
    return [*sums, ("Amount due", invoice["amount_remaining"])]


def _drawn(box: Box, invoice: Row, *, problem: str = "") -> Page:
    currency = invoice["currency"]
    cells = [
        (
            f"{esc(line['description'] or 'Item')}<br><span class=quiet>"
            f"{day(line['period']['start'])} – {day(line['period']['end'])}</span>",
            money(line["amount"], currency),
        )
        for line in invoice["_lines"]
    ]
    cells += [(words, money(amount, currency)) for words, amount in _sums(invoice)]
    body = (
        f"<section class=card><h1>Invoice {esc(invoice['number'])}</h1>"
        f"<p class=price>{money(invoice['amount_due'], currency)}</p>"
        f"<p><span class=tag>{esc(invoice['status'])}</span> <span class=quiet>issued"
        f" {day(invoice['effective_at'])}</span></p><table>{rows(cells)}</table>"
        f'<p><a href="/invoice/{esc(invoice["id"])}/pdf">Download PDF</a></p></section>'
    )
    if invoice["status"] in ("open", "uncollectible") and invoice["amount_remaining"]:
        body += _pay_form(invoice, problem)
    return page(f"Invoice {invoice['number']}", body)


def _pay_form(invoice: Row, problem: str) -> str:
    due = money(invoice["amount_remaining"], invoice["currency"])
    return (
        f"<section class=card>{error(problem)}"
        f'<form method=post action="/invoice/{esc(invoice["id"])}">'
        "<label for=card>Card number</label><input id=card name=card autocomplete=off>"
        f"<button class=main>Pay {due}</button>"
        f"{test_cards(['card', 'sepa_debit'], verb='Pay')}</form></section>"
    )


def _plain(amount: int, currency: str) -> str:
    return money(amount, currency).replace("−", "-")
