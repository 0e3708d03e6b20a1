"""The hosted page: what is to be paid, and how the payment is to end."""

import html
import urllib.parse

from servicebilling.sandbox.flutterwave.box import Row

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pay {amount} (sandbox)</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 26rem; margin: 10vh auto; padding: 0 1rem; }}
strong {{ display: block; font-size: 2rem; font-variant-numeric: tabular-nums; }}
form {{ display: grid; gap: .75rem; margin-top: 1.5rem; }}
button {{ font: inherit; padding: .75rem; border-radius: .5rem; border: 1px solid; }}
small {{ opacity: .75; }}
</style>
</head>
<body>
<main>
<small>Stand-in for Flutterwave on this machine. No money moves.</small>
<h1>{title}</h1>
<strong>{amount}</strong>
<p>{email}</p>
<form method="post">
<button name="how" value="successful">Pay</button>
<button name="how" value="failed">Let the card be declined</button>
<button name="how" value="pending">Leave it pending</button>
<button name="how" value="cancelled">Go back without paying</button>
</form>
</main>
</body>
</html>
"""


def page(payment: Row) -> str:
    amount = f"{payment['amount']} {payment['currency']}"
    title = (payment.get("customizations") or {}).get("title") or "Payment"
    return _PAGE.format(
        amount=html.escape(amount),
        title=html.escape(str(title)),
        email=html.escape(str(payment["customer"].get("email", ""))),
    )


def way_back(payment: Row, *, status: str, transaction_id: int | None) -> str:
    """Where the browser goes then; what stands in this address proves nothing."""
    query = {"status": status, "tx_ref": payment["tx_ref"]}
    if transaction_id is not None:
        query["transaction_id"] = str(transaction_id)
    back = str(payment.get("redirect_url") or "/")
    return f"{back}{'&' if '?' in back else '?'}{urllib.parse.urlencode(query)}"
