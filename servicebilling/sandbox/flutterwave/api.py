"""The API as its documentation describes it."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from servicebilling.sandbox.flutterwave import hooks, paying
from servicebilling.sandbox.flutterwave.box import Box, Row, shown

PER_PAGE = 10


class ApiRefused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


Answer = Callable[[Box, re.Match[str], dict[str, str], Row], Row]


def answer(box: Box, method: str, path: str, query: dict[str, str], body: Row) -> Row:
    """Return the envelope of an answer. Raises `ApiRefused`."""
    for verb, pattern, act in ROUTES:
        match = re.fullmatch(pattern, path)
        if verb == method and match:
            return {"status": "success", "message": "done", **act(box, match, query, body)}
    raise ApiRefused(404, f"Cannot {method} {path}")


def _open_payment(box: Box, _: Any, query: Any, body: Row) -> Row:
    for name in ("tx_ref", "amount", "customer"):
        if not body.get(name):
            raise ApiRefused(400, f"{name} is required")
    if body["tx_ref"] in box.payments:
        raise ApiRefused(400, "tx_ref was used before")
    box.payments[body["tx_ref"]] = {"currency": "NGN", **body}
    return {"data": {"link": f"{box.base_url}/pay/{body['tx_ref']}"}}


def _verify(box: Box, match: Any, query: Any, body: Any) -> Row:
    found = box.transactions.get(int(match[1]))
    if found is None:
        raise ApiRefused(400, "No transaction was found for this id")
    return {"data": shown(found)}


def _by_reference(box: Box, _: Any, query: dict[str, str], body: Any) -> Row:
    found = [row for row in box.transactions.values() if row["tx_ref"] == query["tx_ref"]]
    if not found:
        raise ApiRefused(400, "No transaction was found for this reference")
    return {"data": shown(found[-1])}


def _list_transactions(box: Box, _: Any, query: dict[str, str], body: Any) -> Row:
    rows = [
        row
        for row in box.transactions.values()
        if query.get("from", "") <= row["created_at"][:10] <= query.get("to", "9")
        and query.get("status", row["status"]) == row["status"]
    ]
    return _page(rows, query)


def _make_plan(box: Box, _: Any, query: Any, body: Row) -> Row:
    plan = {
        "id": box.new_id(),
        "name": body["name"],
        "amount": body.get("amount"),
        "interval": body["interval"],
        "duration": body.get("duration", 0),
        "status": "active",
        "currency": body.get("currency", "NGN"),
        "plan_token": f"rpp_{box.new_id()}",
        "created_at": box.now(),
    }
    box.plans[plan["id"]] = plan
    # Creating answers the amount as a text, listing as a number.
    return {"data": {**plan, "amount": str(plan["amount"])}}


def _list_plans(box: Box, _: Any, query: dict[str, str], body: Any) -> Row:
    return _page(list(box.plans.values()), query)


def _plan(box: Box, match: Any, query: Any, body: Any) -> Row:
    plan = box.plans.get(int(match[1]))
    if plan is None:
        raise ApiRefused(400, "Payment plan not found")
    return {"data": plan}


def _cancel_plan(box: Box, match: Any, query: Any, body: Any) -> Row:
    plan = _plan(box, match, query, body)["data"]
    plan["status"] = "cancelled"
    return {"data": plan}


def _list_subscriptions(box: Box, _: Any, query: dict[str, str], body: Any) -> Row:
    def fits(row: Row) -> bool:
        transaction = query.get("transaction_id")
        return (
            query.get("email", row["customer"]["customer_email"])
            == row["customer"]["customer_email"]
            and query.get("plan", str(row["plan"])) == str(row["plan"])
            and query.get("status", row["status"]) == row["status"]
            and (not transaction or int(transaction) in row["_transactions"])
        )

    return _page([row for row in box.subscriptions.values() if fits(row)], query)


def _switch(box: Box, match: Any, query: Any, body: Any) -> Row:
    found = box.subscriptions.get(int(match[1]))
    if found is None:
        raise ApiRefused(400, "Subscription not found")
    found["status"] = "cancelled" if match[2] == "cancel" else "active"
    if match[2] == "cancel":
        hooks.of_cancelling(box, found)
    return {"data": shown(found)}


def _charge_token(box: Box, _: Any, query: Any, body: Row) -> Row:
    if box.tokens.get(body["token"]) != body["email"]:
        raise ApiRefused(400, "The token is not this customer's")
    if any(row["tx_ref"] == body["tx_ref"] for row in box.transactions.values()):
        raise ApiRefused(400, "tx_ref was used before")
    how = "failed" if box.settings["declines_tokens"] else "successful"
    made = paying.charge(
        box,
        tx_ref=body["tx_ref"],
        amount=body["amount"],
        currency=body["currency"],
        customer={"email": body["email"], "name": None},
        how="pending" if box.settings["tokens_stay_pending"] else how,
        token=body["token"],
    )
    hooks.of_charge(box, made)
    return {"data": shown(made)}


def _refund(box: Box, match: Any, query: Any, body: Row) -> Row:
    paid = box.transactions.get(int(match[1]))
    if paid is None or paid["status"] != "successful":
        raise ApiRefused(400, "No transaction was found to give back")
    given = [row for row in box.refunds.values() if row["tx_id"] == paid["id"]]
    left = Decimal(str(paid["amount"])) - sum(
        (Decimal(str(row["amount_refunded"])) for row in given), Decimal(0)
    )
    amount = body.get("amount", left)
    if not 0 < Decimal(str(amount)) <= left:
        raise ApiRefused(400, "The amount is more than is left of the payment")
    refund = {
        "id": box.new_id(),
        "tx_id": paid["id"],
        "flw_ref": paid["flw_ref"],
        "amount_refunded": amount,
        "status": "completed",
        "destination": "payment_source",
        "comments": body.get("comments", ""),
        "created_at": box.now(),
    }
    box.refunds[refund["id"]] = refund
    hooks.of_refund(box, refund)
    return {"data": refund}


def _refund_row(box: Box, match: Any, query: Any, body: Any) -> Row:
    found = box.refunds.get(int(match[1]))
    if found is None:
        raise ApiRefused(400, "Refund not found")
    return {"data": found}


def _list_refunds(box: Box, _: Any, query: dict[str, str], body: Any) -> Row:
    return _page(list(box.refunds.values()), query)


def _page(rows: list[Row], query: dict[str, str]) -> Row:
    page = int(query.get("page", 1))
    pages = max(1, -(-len(rows) // PER_PAGE))
    info = {"total": len(rows), "current_page": page, "total_pages": pages}
    shown_rows = [shown(row) for row in rows[(page - 1) * PER_PAGE : page * PER_PAGE]]
    return {"data": shown_rows, "meta": {"page_info": info}}


ROUTES: list[tuple[str, str, Answer]] = [
    ("POST", "/payments", _open_payment),
    ("GET", r"/transactions/(\d+)/verify", _verify),
    ("GET", "/transactions/verify_by_reference", _by_reference),
    ("GET", "/transactions", _list_transactions),
    ("POST", r"/transactions/(\d+)/refund", _refund),
    ("GET", "/refunds", _list_refunds),
    ("GET", r"/refunds/(\d+)", _refund_row),
    ("POST", "/payment-plans", _make_plan),
    ("GET", "/payment-plans", _list_plans),
    ("GET", r"/payment-plans/(\d+)", _plan),
    ("PUT", r"/payment-plans/(\d+)/cancel", _cancel_plan),
    ("GET", "/subscriptions", _list_subscriptions),
    ("PUT", r"/subscriptions/(\d+)/(cancel|activate)", _switch),
    ("POST", "/tokenized-charges", _charge_token),
]
