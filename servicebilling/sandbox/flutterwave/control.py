"""How tests and people steer the stand-in: `/_sandbox/…`."""

from typing import Any

from servicebilling.sandbox.flutterwave import hooks, paying
from servicebilling.sandbox.flutterwave.api import ApiRefused
from servicebilling.sandbox.flutterwave.box import Box, Row

PREFIX = "/_sandbox/"


def answer(box: Box, method: str, path: str, body: Row) -> Any:
    """Do what was asked; returns what came of it. Raises `ApiRefused`."""
    act, _, name = path.removeprefix(PREFIX).partition("/")
    match act:
        case "state":
            return _state(box)
        case "reset":
            box.reset()
            return {}
        case "settings":
            if unknown := body.keys() - box.settings.keys():
                raise ApiRefused(400, f"There is no setting {sorted(unknown)}.")
            box.settings |= body
            return box.settings
        case "faults":
            box.faults.append({"times": 1, **body})
            return {}
        case "pay":
            return paying.pay(box, _known(box.payments, name), **body)
        case "settle":
            row = _known(box.transactions, int(name))
            row["status"] = body.get("status", "successful")
            hooks.of_charge(box, row)
            return row
        case "renew":
            return paying.renew(box, _known(box.subscriptions, int(name)), **body)
        case "lapse":
            return paying.lapse(box, _known(box.subscriptions, int(name)))
        case "hook":
            row = _known(box.transactions, int(name))
            hooks.of_charge(box, row, shape=body.get("shape", ""))
            return {}
    raise ApiRefused(404, f"There is no {act}.")


def fault_for(box: Box, *, method: str, path: str) -> Row | None:
    """Take the next fault that was asked for a request; each happens so many times."""
    for fault in box.faults:
        if fault.get("method", method) == method and fault.get("path", "") in path:
            fault["times"] -= 1
            if fault["times"] <= 0:
                box.faults.remove(fault)
            return fault
    return None


def _state(box: Box) -> Row:
    return {
        "settings": box.settings,
        "payments": list(box.payments.values()),
        "transactions": list(box.transactions.values()),
        "plans": list(box.plans.values()),
        "subscriptions": list(box.subscriptions.values()),
        "refunds": list(box.refunds.values()),
        "hooks": box.hooks,
        "requests": box.requests,
    }


def _known(rows: Any, key: Any) -> Row:
    found: Row | None = rows.get(key)
    if found is None:
        raise ApiRefused(404, f"There is no {key}.")
    return found
