"""What a caller sees of an object, and how `expand` puts whole objects for ids.

Families register what is not kept in the row itself: `presents` adds fields that are always
there (a subscription's items), `includes` those that Stripe leaves out until asked.
"""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import ApiError

Presenter = Callable[[Box, Row], Row]
Includer = Callable[[Box, Row], Any]
PRESENTERS: dict[str, Presenter] = {}
INCLUDERS: dict[tuple[str, str], Includer] = {}

# The kind of object that an id in such a field names.
REFERENCES = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "configuration": "billing_portal.configuration",
    "coupon": "coupon",
    "credit_note": "credit_note",
    "customer": "customer",
    "customer_balance_transaction": "customer_balance_transaction",
    "default_payment_method": "payment_method",
    "default_price": "price",
    "discounts": "discount",
    "failure_balance_transaction": "balance_transaction",
    "invoice": "invoice",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "pending_setup_intent": "setup_intent",
    "price": "price",
    "product": "product",
    "promotion_code": "promotion_code",
    "refund": "refund",
    "schedule": "subscription_schedule",
    "setup_intent": "setup_intent",
    "subscription": "subscription",
    "test_clock": "test_helpers.test_clock",
}
# Shown as it was when it was written down.
FINISHED = {"event"}
DEPTH_MAX = 4


def presents(kind: str) -> Callable[[Presenter], Presenter]:
    def register(presenter: Presenter) -> Presenter:
        PRESENTERS[kind] = presenter
        return presenter

    return register


def includes(kind: str, field: str) -> Callable[[Includer], Includer]:
    def register(includer: Includer) -> Includer:
        INCLUDERS[kind, field] = includer
        return includer

    return register


def shown(box: Box, value: Any) -> Any:
    """Return a copy as Stripe would show it, free of the stand-in's own keys."""
    if isinstance(value, list):
        return [shown(box, row) for row in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("object")
    if not isinstance(kind, str):
        return {key: shown(box, row) for key, row in value.items()}
    fields = {key: row for key, row in value.items() if not key.startswith("_")}
    if kind in FINISHED:
        return copy.deepcopy(fields)
    if kind in PRESENTERS:
        fields |= PRESENTERS[kind](box, value)
    return {key: shown(box, row) for key, row in fields.items()}


def listed(rows: Iterable[Row], url: str, *, has_more: bool = False) -> Row:
    """Return rows as one of Stripe's list objects."""
    return {"object": "list", "data": list(rows), "has_more": has_more, "url": url}


def expand(box: Box, answer: Row, paths: list[str]) -> None:
    """Put whole objects where `paths` ask for them; raise ApiError for what has none."""
    for path in paths:
        segments = path.split(".")
        levels = len(segments) - (segments[0] == "data")
        if levels > DEPTH_MAX:
            raise ApiError(
                f"You cannot expand more than {DEPTH_MAX} levels of a property ({path}).",
                is_kept=False,
            )
        _expand(box, answer, segments, path)


def _expand(box: Box, node: Any, segments: list[str], path: str) -> None:
    if not segments or not isinstance(node, dict):
        return
    head, *rest = segments
    kind = node.get("object", "")
    if head not in node and (kind, head) in INCLUDERS:
        row = box.find(kind, node.get("id"))
        node[head] = shown(box, INCLUDERS[kind, head](box, row or node))
    elif head not in node:
        raise ApiError(f"This property cannot be expanded ({path}).", is_kept=False)
    value = node[head]
    if isinstance(value, list):
        node[head] = [_whole(box, head, row, path) for row in value]
        for row in node[head]:
            _expand(box, row, rest, path)
    elif value is not None:
        node[head] = _whole(box, head, value, path)
        _expand(box, node[head], rest, path)


def _whole(box: Box, field: str, value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return value
    kind = REFERENCES.get(field)
    row = box.find(kind, value) if kind and isinstance(value, str) else None
    if kind is None:
        raise ApiError(f"This property cannot be expanded ({path}).", is_kept=False)
    return value if row is None else shown(box, row)
