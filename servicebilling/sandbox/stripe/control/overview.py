"""The control page: what the clock says, what is there, what goes wrong and what is sent."""

from servicebilling.sandbox.stripe import faults
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.pages import html
from servicebilling.sandbox.stripe.pages.html import esc, moment

DELIVERIES_SHOWN = 40


def page(box: Box) -> bytes:
    parts = [
        _clock(box),
        _faults(box),
        _subscriptions(box),
        _deliveries(box),
        _endpoints(box),
        _mistakes(box),
        _counts(box),
    ]
    body = "<h1>Control of the Stripe sandbox</h1>" + "".join(parts)
    return html.page("Control", body, kind="wide").body


def _clock(box: Box) -> str:
    stands = " It stands still." if box.frozen_at is not None else ""
    buttons = "".join(
        _button("clock", {unit: count}, words)
        for unit, count, words in (
            ("hours", "1", "+1 hour"),
            ("days", "1", "+1 day"),
            ("days", "7", "+1 week"),
            ("months", "1", "+1 month"),
            ("months", "12", "+1 year"),
        )
    )
    return (
        f"<section class=card><h2>Clock: {moment(box.now())}</h2><p class=quiet>Renewals,"
        f" trials, retries and expiries happen on the way.{stands}</p>"
        f"<div class=acts>{buttons}</div></section>"
    )


def _faults(box: Box) -> str:
    asked = "".join(
        f"<tr><td><code>{esc(row['kind'])}</code></td><td>{esc(row['path'])}"
        f" {esc(', '.join(row['types']))}</td>"
        f"<td class=amount>{row['happened']} of {row['times'] or 'all'}</td></tr>"
        for row in box.faults
    )
    options = "".join(
        f"<option>{kind}</option>" for kind in (*faults.OF_REQUESTS, *faults.OF_WEBHOOKS)
    )
    return (
        "<section class=card><h2>Faults</h2><form method=post action='/_sandbox/faults'>"
        "<div class=inline><select name=kind aria-label='What goes wrong'>"
        f"{options}</select><input name=times value=1 inputmode=numeric"
        " aria-label='How many times'><button>Ask for it</button></div></form>"
        f"<table class=small>{asked}</table>"
        f"<div class=acts>{_button('faults/clear', {}, 'Clear all')}</div></section>"
    )


def _subscriptions(box: Box) -> str:
    lines = []
    for row in reversed(list(box.every("subscription"))):
        customer = box.find("customer", row["customer"]) or {}
        who = customer.get("name") or customer.get("email") or row["customer"]
        lines.append(
            f"<tr><td><code>{esc(row['id'])}</code></td><td>{esc(who)}</td>"
            f"<td><span class=tag>{esc(row['status'])}</span></td>"
            f"<td>{moment(row['cancel_at'])}</td></tr>"
        )
    return _table("Subscriptions", ["", "Customer", "Status", "Ends"], lines)


def _deliveries(box: Box) -> str:
    waiting = sorted(box.deliveries.values(), key=lambda row: int(row["order"]))
    recent = [*box.delivered[-DELIVERIES_SHOWN:], *waiting]
    lines = [
        f"<tr><td><code>{esc(row['event'])}</code></td><td>{esc(row['type'])}</td>"
        f"<td>{_outcome(row)}</td></tr>"
        for row in reversed(recent)
    ]
    acts = _button("deliver", {"also_later": "true"}, "Deliver everything now")
    table = _table("Webhooks", ["Event", "Type", "Answer"], lines[:DELIVERIES_SHOWN])
    return table.replace("</section>", f"<div class=acts>{acts}</div></section>")


def _outcome(row: Row) -> str:
    if row["held_by"]:
        return "held, to be reordered"
    if not row["attempts"]:
        return "waits" if not row["is_taken"] else "taken"
    last = row["attempts"][-1]
    answer = last["status"] or esc(last["error"])
    return f"{answer} <span class=quiet>({len(row['attempts'])}. try)</span>"


def _endpoints(box: Box) -> str:
    lines = [
        f"<tr><td>{esc(row['url'])}</td><td><span class=tag>{esc(row['status'])}</span></td>"
        f"<td><code>{'<br>'.join(esc(one['secret']) for one in row['_secrets'])}</code></td>"
        "</tr>"
        for row in box.every("webhook_endpoint")
    ]
    return _table("Endpoints", ["URL", "", "Secrets"], lines)


def _mistakes(box: Box) -> str:
    if not box.mistakes:
        return ""
    texts = "".join(f"<pre>{esc(text)}</pre>" for text in box.mistakes)
    return f"<section class=card><h2>Faults of the sandbox itself</h2>{texts}</section>"


def _counts(box: Box) -> str:
    lines = [
        f"<tr><td><a href='/_sandbox/objects/{esc(kind)}'>{esc(kind)}</a></td>"
        f"<td class=amount>{len(table)}</td></tr>"
        for kind, table in sorted(box.tables.items())
        if table
    ]
    return _table("Objects", ["Kind", "Count"], lines)


def _table(title: str, heads: list[str], lines: list[str]) -> str:
    columns = "".join(f"<th scope=col>{head}</th>" for head in heads)
    nothing = f"<tr><td colspan={len(heads)} class=quiet>None yet.</td></tr>"
    return (
        f"<section class=card><h2>{title}</h2><div class=scroll><table class=small>"
        f"<tr>{columns}</tr>{''.join(lines) or nothing}</table></div></section>"
    )


def _button(path: str, fields: dict[str, str], words: str) -> str:
    hidden = "".join(
        f'<input type=hidden name="{name}" value="{value}">'
        for name, value in fields.items()
    )
    return (
        f'<form method=post action="/_sandbox/{path}">{hidden}'
        f"<button class=second>{words}</button></form>"
    )
