"""What customers read beside an amount: products, each by an id of our own."""

from collections.abc import Mapping
from typing import Any

from billing.providers.stripe.client import Gateway, Row
from billing.providers.stripe.journal import Journal

IDS_AT_ONCE = 50


def ensure_all(journal: Journal, names: Mapping[str, str]) -> None:
    """Make what is missing of these ids and names, and mend what is called otherwise."""
    found = _find(journal.gateway, list(names))
    for id, name in names.items():
        if id not in found:
            _make(journal, id, name)
        elif found[id]["name"] != name or not found[id]["active"]:
            _rename(journal, id, name)


def _make(journal: Journal, id: str, name: str) -> None:
    params: Any = {"id": id, "name": name}
    journal.do(
        "product", id, f"made: {name}", lambda client: client.v1.products.create(params)
    )


def _rename(journal: Journal, id: str, name: str) -> None:
    params: Any = {"name": name, "active": True}
    journal.do(
        "product",
        id,
        f"called {name} now",
        lambda client: client.v1.products.update(id, params),
    )


def _find(gateway: Gateway, ids: list[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for first in range(0, len(ids), IDS_AT_ONCE):
        found |= _find_some(gateway, ids[first : first + IDS_AT_ONCE])
    return found


def _find_some(gateway: Gateway, ids: list[str]) -> dict[str, Row]:
    params: Any = {"ids": ids, "limit": 100}
    rows = gateway.ask_all(lambda client: client.v1.products.list(params))
    return {row["id"]: row for row in rows}
