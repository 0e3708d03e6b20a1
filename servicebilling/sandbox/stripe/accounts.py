"""The merchant's own account and balance."""

from servicebilling.sandbox.stripe import routing
from servicebilling.sandbox.stripe.box import Box, Row


@routing.get("/v1/account")
def retrieve(box: Box, params: Row) -> Row:
    return {
        "id": "acct_sandbox",
        "object": "account",
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "sandbox@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


@routing.get("/v1/balance")
def balance(box: Box, params: Row) -> Row:
    """What came in less what went out, per currency; all of it pending."""
    sums: dict[str, int] = {}
    for row in box.every("balance_transaction"):
        sums[row["currency"]] = sums.get(row["currency"], 0) + row["net"]
    pending = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ]
    return {"object": "balance", "available": [], "livemode": False, "pending": pending}
