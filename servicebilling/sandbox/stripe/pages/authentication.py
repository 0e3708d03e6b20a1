"""The page of the card's bank: 3-D Secure, with two buttons."""

from collections.abc import Mapping
from typing import Any

from servicebilling.sandbox.stripe import payments, setup_intents
from servicebilling.sandbox.stripe.box import Box
from servicebilling.sandbox.stripe.pages.html import esc, missing, money, notice, page
from servicebilling.sandbox.stripe.pages.routes import Page, go_to, shows


def ask(action: str, hidden: Mapping[str, str], *, amount: str = "") -> Page:
    """Return the page that asks the card's owner."""
    fields = "".join(
        f'<input type=hidden name="{esc(name)}" value="{esc(value)}">'
        for name, value in hidden.items()
    )
    what = f" of {esc(amount)}" if amount else ""
    return page(
        "Confirm",
        "<section class=card><h1>Your bank asks: is it you?</h1>"
        f"<p>3-D Secure, played by the sandbox. Confirm the payment{what}, or let the check"
        f' fail.</p><form method=post action="{esc(action)}">{fields}<div class=acts>'
        "<button name=outcome value=complete>Complete authentication</button>"
        "<button class=second name=outcome value=fail>Fail authentication</button>"
        "</div></form></section>",
    )


@shows("GET", "/authenticate/{intent}")
def show(box: Box, form: dict[str, Any], id: str) -> Page:
    intent = box.find("payment_intent", id) or box.find("setup_intent", id)
    if intent is None:
        return missing()
    if intent["status"] != "requires_action":
        return notice("Nothing to confirm", "This was decided already.")
    amount = ""
    if intent["object"] == "payment_intent":
        amount = money(intent["amount"], intent["currency"])
    return ask(f"/authenticate/{id}", {}, amount=amount)


@shows("POST", "/authenticate/{intent}")
def submit(box: Box, form: dict[str, Any], id: str) -> Page:
    succeeds = form.get("outcome") == "complete"
    intent = box.find("payment_intent", id)
    setup = box.find("setup_intent", id)
    if intent is not None and intent["status"] == "requires_action":
        payments.authenticate(box, intent, succeeds=succeeds)
    elif setup is not None and setup["status"] == "requires_action":
        setup_intents.authenticate(box, setup, succeeds=succeeds)
    else:
        return missing()
    owner = (intent or {}).get("_owner")
    if owner and owner[0] == "invoice":
        return go_to(f"/invoice/{owner[1]}", waits_for_webhooks=True)
    back = (intent or {}).get("_return_url")
    if back:
        return go_to(back, waits_for_webhooks=True)
    return notice("Thank you", "You can close this page.")
