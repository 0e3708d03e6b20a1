"""The customer portal: card, subscriptions, invoices."""

from typing import Any

from servicebilling.sandbox.stripe import cards, portal
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.pages.authentication import ask
from servicebilling.sandbox.stripe.pages.html import (
    day,
    error,
    esc,
    missing,
    money,
    page,
    test_cards,
)
from servicebilling.sandbox.stripe.pages.routes import Page, go_to, shows
from servicebilling.sandbox.stripe.subscriptions import ending, rows

Form = dict[str, Any]


@shows("GET", "/portal/{token}")
def show(box: Box, form: Form, token: str) -> Page:
    session = _session(box, token)
    return missing() if session is None else _drawn(box, session)


@shows("POST", "/portal/{token}/card")
def change_card(box: Box, form: Form, token: str) -> Page:
    session = _session(box, token)
    card = cards.by_number(form.get("pick") or form.get("card") or "")
    if session is None or not _may(box, session, "payment_method_update"):
        return missing()
    if card is None:
        return _drawn(box, session, problem="Only test cards work here.")
    if form.get("outcome") == "fail":
        return _drawn(box, session, problem="Your bank could not confirm this card.")
    customer = box.get("customer", session["customer"])
    is_authenticated = form.get("outcome") == "complete"
    try:
        portal.change_card(box, customer, card, is_authenticated=is_authenticated)
    except portal.NeedsAuthentication:
        return ask(f"/portal/{token}/card", {"card": card.number})
    except ApiError as refusal:
        return _drawn(box, session, problem=str(refusal))
    return _back(session, token)


@shows("POST", "/portal/{token}/cancel/{subscription}")
def cancel(box: Box, form: Form, token: str, id: str) -> Page:
    session, subscription = _session(box, token), box.find("subscription", id)
    if session is None or subscription is None or not _owns(session, subscription):
        return missing()
    if not _may(box, session, "subscription_cancel"):
        return missing()
    features = portal.configuration_of(box, session)["features"]
    if subscription["ended_at"] is None:
        if features["subscription_cancel"]["mode"] == "immediately":
            ending.end(box, subscription, reason="cancellation_requested")
        else:
            portal.cancel(box, subscription, feedback=form.get("feedback"))
    return _back(session, token)


@shows("POST", "/portal/{token}/undo/{subscription}")
def undo(box: Box, form: Form, token: str, id: str) -> Page:
    session, subscription = _session(box, token), box.find("subscription", id)
    if session is None or subscription is None or not _owns(session, subscription):
        return missing()
    if subscription["ended_at"] is None:
        portal.undo_cancel(box, subscription)
    return _back(session, token)


def _session(box: Box, token: str) -> Row | None:
    for row in box.every("billing_portal.session"):
        if row["_token"] == token:
            return row
    return None


def _owns(session: Row, subscription: Row) -> bool:
    return bool(subscription["customer"] == session["customer"])


def _may(box: Box, session: Row, feature: str) -> bool:
    return bool(portal.configuration_of(box, session)["features"][feature]["enabled"])


def _back(session: Row, token: str) -> Page:
    completion = (session["flow"] or {}).get("after_completion") or {}
    redirect = completion.get("redirect") or {}
    return go_to(redirect.get("return_url") or f"/portal/{token}", waits_for_webhooks=True)


def _drawn(box: Box, session: Row, *, problem: str = "") -> Page:
    customer = box.get("customer", session["customer"])
    url = session["return_url"]
    back = f'<p><a href="{esc(url)}">← Back</a></p>' if url else ""
    name = esc(customer["name"] or customer["email"] or customer["id"])
    body = f"{back}{error(problem)}<h1>Billing of {name}</h1>"
    body += "".join(
        _subscription(box, session, row)
        for row in box.every("subscription")
        if _owns(session, row)
    )
    if _may(box, session, "payment_method_update"):
        body += _card(box, session, customer)
    if _may(box, session, "invoice_history"):
        body += _invoices(box, customer)
    return page("Billing", body)


def _subscription(box: Box, session: Row, row: Row) -> str:
    lines = []
    for item in rows.items_of(box, row):
        price = box.get("price", item["price"])
        name = box.get("product", price["product"])["name"]
        amount = money(price["unit_amount"], price["currency"])
        every = price["recurring"]["interval"]
        lines.append(
            f"<li>{esc(name)}: {amount} / {every} <span class=quiet>until"
            f" {day(item['current_period_end'])}</span></li>"
        )
    if row["ended_at"] is not None:
        act, note = "", f"<p class=quiet>Ended on {day(row['ended_at'])}.</p>"
    elif row["cancel_at"] is not None:
        note = f"<p>Ends on <strong>{day(row['cancel_at'])}</strong>.</p>"
        act = _button(session, row, "undo", "Do not cancel")
    else:
        note = ""
        allowed = _may(box, session, "subscription_cancel")
        act = _button(session, row, "cancel", "Cancel subscription") if allowed else ""
    return (
        f"<section class=card><p><span class=tag>{esc(row['status'])}</span></p>"
        f"<ul>{''.join(lines)}</ul>{note}{act}</section>"
    )


def _button(session: Row, subscription: Row, act: str, words: str) -> str:
    action = f"/portal/{esc(session['_token'])}/{act}/{esc(subscription['id'])}"
    return (
        f'<form method=post action="{action}"><button class=second>{words}</button></form>'
    )


def _card(box: Box, session: Row, customer: Row) -> str:
    method = box.find(
        "payment_method", customer["invoice_settings"]["default_payment_method"]
    )
    if method is None:
        live = (
            row["default_payment_method"]
            for row in box.every("subscription")
            if _owns(session, row) and row["ended_at"] is None
        )
        method = box.find("payment_method", next(live, None))
    details = (method or {}).get("card") or (method or {}).get("sepa_debit")
    now = f"ending in {esc(details['last4'])}" if details else "none"
    return (
        f"<section class=card><h2>Payment method: {now}</h2>"
        f'<form method=post action="/portal/{esc(session["_token"])}/card">'
        "<label for=card>Another card</label>"
        "<input id=card name=card autocomplete=off><button class=main>Use this card</button>"
        f"{test_cards(['card', 'sepa_debit'], verb='Use')}</form></section>"
    )


def _invoices(box: Box, customer: Row) -> str:
    found = [
        row
        for row in box.every("invoice")
        if row["customer"] == customer["id"] and row["status"] != "draft"
    ]
    lines = "".join(
        f'<tr><td><a href="/invoice/{esc(row["id"])}">{esc(row["number"])}</a></td>'
        f"<td>{day(row['created'])}</td><td>{esc(row['status'])}</td>"
        f"<td class=amount>{money(row['total'], row['currency'])}</td></tr>"
        for row in reversed(found)
    )
    return (
        "<section class=card><h2>Invoices</h2><div class=scroll><table>"
        f"{lines or '<tr><td>None yet.</td></tr>'}</table></div></section>"
    )
