"""The pay page of a checkout session."""

from typing import Any

from servicebilling.sandbox.stripe import cards, payments, prices, setup_intents
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.checkout import completing
from servicebilling.sandbox.stripe.checkout.completing import Asks, Payer
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.pages.authentication import ask
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
from servicebilling.sandbox.stripe.pages.routes import Page, go_to, shows

Form = dict[str, Any]
NOT_A_TEST_CARD = "Only test cards work here. Pick one from the list below."


@shows("GET", "/pay/{session}")
def show(box: Box, form: Form, id: str) -> Page:
    session = box.find("checkout.session", id)
    if session is None:
        return missing()
    return _drawn(box, session, {})


@shows("POST", "/pay/{session}")
def submit(box: Box, form: Form, id: str) -> Page:
    """Pay, apply a code, or leave."""
    session = box.find("checkout.session", id)
    if session is None:
        return missing()
    if session["status"] != "open":
        return _drawn(box, session, {})
    if form.get("act") == "code":
        return _apply_code(box, session, form)
    number = form.get("pick") or form.get("card") or ""
    card = cards.by_number(number)
    needs = completing.needs_card(session)
    if needs and card is None:
        return _drawn(box, session, form, problem=NOT_A_TEST_CARD)
    return _pay(box, session, _payer(form, card if needs else None))


@shows("POST", "/pay/{session}/authenticate")
def authenticate(box: Box, form: Form, id: str) -> Page:
    """Come back from the bank."""
    session = box.find("checkout.session", id)
    card = cards.by_number(form.get("card", ""))
    if session is None or card is None:
        return missing()
    if session["status"] != "open":
        return _drawn(box, session, {})
    payer = _payer(form, card)
    if form.get("outcome") == "complete":
        payer.is_authenticated = True
        return _pay(box, session, payer)
    _note_failed_authentication(box, session)
    problem = "We are unable to authenticate your payment method. Please choose a different"
    return _drawn(box, session, form, problem=f"{problem} one and try again.")


def _pay(box: Box, session: Row, payer: Payer) -> Page:
    try:
        completing.pay(box, session, payer)
    except Asks:
        hidden = {"card": payer.card.number if payer.card else "", "email": payer.email}
        return ask(
            f"/pay/{session['id']}/authenticate",
            hidden | {"name": payer.name},
            amount=_today(session),
        )
    except ApiError as refusal:
        form = {"email": payer.email, "name": payer.name}
        return _drawn(box, session, form, problem=str(refusal))
    url = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return go_to(url, waits_for_webhooks=True)


def _payer(form: Form, card: cards.Card | None) -> Payer:
    return Payer(
        card, email=form.get("email", "").strip(), name=form.get("name", "").strip()
    )


def _apply_code(box: Box, session: Row, form: Form) -> Page:
    try:
        completing.use_code(box, session, form.get("code", ""))
    except ApiError as refusal:
        return _drawn(box, session, form, problem=str(refusal))
    return _drawn(box, session, form)


def _note_failed_authentication(box: Box, session: Row) -> None:
    intent = box.find("payment_intent", session["payment_intent"])
    if intent is not None and intent["status"] == "requires_action":
        payments.authenticate(box, intent, succeeds=False)
    setup = box.find("setup_intent", session["setup_intent"])
    if setup is not None and setup["status"] == "requires_action":
        setup_intents.authenticate(box, setup, succeeds=False)


def _drawn(box: Box, session: Row, form: Form, *, problem: str = "") -> Page:
    if session["status"] == "complete":
        return notice("You are all done here", "This payment has been made already.")
    if session["status"] == "expired":
        return notice("This page has expired", "Go back to the shop and start again.")
    return page(
        "Pay",
        _summary(box, session) + _form(box, session, form, problem),
        kind="split",
    )


def _summary(box: Box, session: Row) -> str:
    title = {
        "payment": "Pay",
        "setup": "Save a payment method",
        "subscription": "Subscribe",
    }[session["mode"]]
    back = session["cancel_url"]
    link = f'<p><a href="{esc(back)}">← Back</a></p>' if back else ""
    if session["mode"] == "setup":
        return f"<section>{link}<h1>{title}</h1><p class=price>Nothing to pay now</p></section>"
    currency = session["currency"]
    cells = [
        (_words(box, row), money(row["amount_subtotal"], currency))
        for row in session["_lines"]
    ]
    details = session["total_details"]
    for id in session["_discount_ids"]:
        coupon = box.get("discount", id)["_coupon"]
        name = esc(coupon["name"] or coupon["id"])
        cells.append((f"Discount: {name}", money(-details["amount_discount"], currency)))
    if details["amount_tax"]:
        cells.append(("Tax", money(details["amount_tax"], currency)))
    total = money(session["amount_total"], currency)
    return (
        f"<section>{link}<h1>{title}</h1><p class=price>{total}</p>"
        f"<table>{rows(cells)}<tr class=total><td>Due today</td>"
        f"<td class=amount>{total}</td></tr></table>{_trial(box, session)}</section>"
    )


def _words(box: Box, row: Row) -> str:
    price = row["price"]
    many = f"{row['quantity']} × " if (row["quantity"] or 1) != 1 else ""
    words = f"{many}{esc(row['description'])}"
    if prices.is_metered(price):
        rate = price["unit_amount_decimal"]
        each = f"{rate} minor units each" if rate else "by tiers"
        if str(rate).isdigit():
            each = f"{money(int(rate), price['currency'])} each"
        return f"{words}<br><span class=quiet>billed by use: {esc(each)}</span>"
    if price["recurring"]:
        every = price["recurring"]
        many = "" if every["interval_count"] == 1 else f"{every['interval_count']} "
        unit = money(price["unit_amount"], price["currency"])
        return (
            f"{words}<br><span class=quiet>{unit} every {many}{every['interval']}"
            f"{'s' if many else ''}</span>"
        )
    return f"{words}<br><span class=quiet>once</span>"


def _trial(box: Box, session: Row) -> str:
    data = session["_subscription_data"]
    if not data.get("_trial"):
        return ""
    end = data.get("trial_end")
    if end is None:
        end = box.now(session["customer"]) + data["trial_period_days"] * 86_400
    return f"<p class=quiet>Free until {day(end)}; nothing is charged before.</p>"


def _form(box: Box, session: Row, form: Form, problem: str) -> str:
    customer = box.find("customer", session["customer"]) or {}
    known = customer.get("email") or session["customer_email"] or ""
    email = form.get("email") or known
    name = form.get("name") or customer.get("name") or ""
    asks_card = completing.needs_card(session)
    card = (
        "<label for=card>Card number</label>"
        '<input id=card name=card inputmode=numeric autocomplete=off placeholder="4242 4242'
        ' 4242 4242">'
        if asks_card
        else "<p class=quiet>No card is needed.</p>"
    )
    verb = {"payment": "Pay", "setup": "Save", "subscription": "Subscribe"}[session["mode"]]
    total = f" {_today(session)}" if session["amount_total"] else ""
    picks = test_cards(session["payment_method_types"], verb=verb) if asks_card else ""
    return (
        f"<section class=card>{error(problem)}"
        f'<form method=post action="/pay/{esc(session["id"])}">'
        f"<label for=email>E-mail</label>"
        f'<input id=email name=email type=email value="{esc(email)}" autocomplete=email>'
        f"<label for=name>Name</label>"
        f'<input id=name name=name value="{esc(name)}" autocomplete=name>'
        f"{card}<button class=main name=act value=pay>{verb}{total}</button>"
        f"{picks}{_code_field(session)}</form></section>"
    )


def _code_field(session: Row) -> str:
    if not session["allow_promotion_codes"]:
        return ""
    return (
        "<label for=code>Promotion code</label><div class=inline>"
        "<input id=code name=code autocomplete=off>"
        "<button class=second name=act value=code>Apply</button></div>"
    )


def _today(session: Row) -> str:
    if not session["amount_total"]:
        return ""
    return money(session["amount_total"], session["currency"])
