"""The frame of every page, and small pieces of HTML."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Any

from servicebilling.sandbox.stripe import cards
from servicebilling.sandbox.stripe.pages.routes import Page

# Currencies without a smaller unit, and with three digits of one.
NO_DECIMALS = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx"}
NO_DECIMALS |= {"vnd", "vuv", "xaf", "xof", "xpf"}
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title} · Sandbox</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<p class="sandbox"><strong>Sandbox.</strong> This page stands in for Stripe on this machine.
No money moves, and real cards are refused.</p>
<main class="{kind}">
{body}
</main>
</body>
</html>
"""


def page(title: str, body: str, *, kind: str = "narrow", status: int = 200) -> Page:
    text = FRAME.format(title=esc(title), body=body, kind=kind)
    return Page(status, text.encode())


def notice(title: str, words: str, status: int = 200) -> Page:
    return page(
        title,
        f"<section class=card><h1>{esc(title)}</h1><p>{esc(words)}</p></section>",
        status=status,
    )


def missing() -> Page:
    return notice("Nothing is here", "The link is wrong, or what it showed is gone.", 404)


def trouble() -> Page:
    return notice("The sandbox broke", "Its control page shows what happened.", 500)


def esc(value: Any) -> str:
    return escape(str(value), quote=True)


def money(amount: int | None, currency: str) -> str:
    """Return an amount of minor units as a person reads it."""
    places = 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    sign = "−" if (amount or 0) < 0 else ""
    whole, rest = divmod(abs(amount or 0), 10**places)
    decimals = f".{rest:0{places}}" if places else ""
    return f"{sign}{currency.upper()} {whole:,}{decimals}"


def day(moment: int | None) -> str:
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %B %Y").lstrip("0")


def moment(value: int | None) -> str:
    if value is None:
        return ""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def rows(cells: Iterable[tuple[str, str]]) -> str:
    """Return lines of words and amounts; both are HTML already."""
    return "".join(
        f"<tr><td>{words}</td><td class=amount>{amount}</td></tr>"
        for words, amount in cells
    )


def error(message: str) -> str:
    return f'<p class="error" role="alert">{esc(message)}</p>' if message else ""


def test_cards(ways: Iterable[str], *, verb: str) -> str:
    """Return a button per test card, so that nobody has to type its number."""
    allowed = set(ways)
    buttons = "".join(
        f'<button class="plain" name="pick" value="{esc(card.number)}">'
        f"<code>{esc(spaced(card.number))}</code><span>{esc(card.label)}</span></button>"
        for card in cards.CARDS
        if ("sepa_debit" if card.is_debit else "card") in allowed
    )
    return (
        f"<details open><summary>Test cards: {esc(verb)} with one</summary>"
        f'<div class="picks">{buttons}</div></details>'
    )


def spaced(number: str) -> str:
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))
