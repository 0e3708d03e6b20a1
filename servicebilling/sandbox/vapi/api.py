"""The API: calls, phone numbers, assistants and the account, as far as metering uses them.

Lists take Vapi's filters and have no pages. Their order is not documented; here it is newest
first. What it refuses is refused with Vapi's shape of an error.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicebilling.sandbox.vapi import calls
from servicebilling.sandbox.vapi.box import Box, Row, iso, new_id, shown

LIMIT_DEFAULT, LIMIT_MAX = 100, 1000
CAP_MIN, CAP_MAX = 10, 43200


@dataclass(frozen=True)
class Given:
    status: int
    found: Any


class ApiRefused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(box: Box, method: str, path: str, query: Row, body: Row) -> Given:
    """Answer one request. Raises `ApiRefused`."""
    match method, path.strip("/").split("/"):
        case "POST", ["call"]:
            return Given(201, shown(_dial(box, body)))
        case "POST", ["call", "web"]:
            return Given(201, shown(_open_web_call(box, body)))
        case "GET", ["call"]:
            return Given(200, _listed(list(box.calls.values()), query))
        case "GET", ["call", call_id]:
            return Given(200, shown(_named(box.calls, call_id, "Call")))
        case "GET", ["phone-number"]:
            return Given(200, _listed(list(box.numbers.values()), query))
        case "GET", ["assistant"]:
            return Given(200, _listed(list(box.assistants.values()), query))
        case "PATCH", ["phone-number", number_id]:
            number = _named(box.numbers, number_id, "Phone number")
            if body.get("provider") != number["provider"]:
                raise ApiRefused(400, "provider must be the number's own")
            return Given(200, _patched(box, number, body))
        case "PATCH", ["assistant", assistant_id]:
            assistant = _named(box.assistants, assistant_id, "Assistant")
            return Given(200, _patched(box, assistant, body))
        case "GET", ["subscription"]:
            return Given(200, [{"id": new_id(), "credits": box.settings["credits"]}])
    raise ApiRefused(404, f"Cannot {method} {path}")


def add_number(box: Box, fields: Row) -> Row:
    """A number of the account, as a test or the demo describes it."""
    number: Row = {
        "id": new_id(),
        "orgId": calls.ORG_ID,
        "provider": "twilio",
        "number": "+12025550143",
        "assistantId": None,
        "createdAt": iso(box.now()),
        "updatedAt": iso(box.now()),
    } | fields
    box.numbers[number["id"]] = number
    return number


def add_assistant(box: Box, fields: Row) -> Row:
    assistant: Row = {
        "id": new_id(),
        "orgId": calls.ORG_ID,
        "name": "Assistant",
        "createdAt": iso(box.now()),
        "updatedAt": iso(box.now()),
    } | fields
    box.assistants[assistant["id"]] = assistant
    return assistant


def _dial(box: Box, body: Row) -> Row:
    customer = str((body.get("customer") or {}).get("number", ""))
    if not customer.startswith("+"):
        raise ApiRefused(400, "customer.number must be a valid phone number in E.164")
    if not body.get("phoneNumberId"):
        raise ApiRefused(400, "Need either `phoneNumberId` or `phoneNumber`")
    _known(box, box.numbers, body["phoneNumberId"], "phoneNumberId")
    return _created(box, body, kind="outboundPhoneCall", customer=customer)


def _open_web_call(box: Box, body: Row) -> Row:
    return _created(box, body, kind="webCall", customer="")


def _created(box: Box, body: Row, *, kind: str, customer: str) -> Row:
    if not (body.get("assistantId") or body.get("assistant")):
        raise ApiRefused(400, "Couldn't get assistant. Need `assistantId` or `assistant`")
    if body.get("assistantId"):
        _known(box, box.assistants, body["assistantId"], "assistantId")
    for holder in (body.get("assistant"), body.get("assistantOverrides")):
        cap = (holder or {}).get("maxDurationSeconds", CAP_MIN)
        if not CAP_MIN <= cap <= CAP_MAX:
            raise ApiRefused(400, f"maxDurationSeconds must be {CAP_MIN} to {CAP_MAX}")
    return calls.create(
        box,
        kind=kind,
        assistant_id=body.get("assistantId"),
        assistant=body.get("assistant"),
        overrides=body.get("assistantOverrides"),
        number_id=body.get("phoneNumberId"),
        customer=customer,
    )


def _known(box: Box, rows: dict[str, Row], row_id: str, name: str) -> None:
    if row_id not in rows and not box.settings["adopts_unknown"]:
        raise ApiRefused(400, f"{name} {row_id} does not exist")


def _named(rows: dict[str, Row], row_id: str, noun: str) -> Row:
    if row_id not in rows:
        raise ApiRefused(404, f"{noun} {row_id} does not exist")
    return rows[row_id]


def _patched(box: Box, row: Row, changes: Row) -> Row:
    fixed = {"id", "orgId", "createdAt", "provider"}
    row.update({name: value for name, value in changes.items() if name not in fixed})
    row["updatedAt"] = iso(box.now())
    return shown(row)


def _listed(rows: list[Row], query: Row) -> list[Row]:
    known = {"Gt": "__gt__", "Ge": "__ge__", "Lt": "__lt__", "Le": "__le__"}
    for name, wanted in query.items():
        if name[:-2] in ("createdAt", "updatedAt") and name[-2:] in known:
            test = known[name[-2:]]
            moment = datetime.fromisoformat(wanted)
            field = name[:-2]
            rows = [
                row
                for row in rows
                if getattr(datetime.fromisoformat(row[field]), test)(moment)
            ]
        elif name in ("id", "assistantId", "phoneNumberId"):
            rows = [row for row in rows if row.get(name) == wanted]
        elif name != "limit":
            raise ApiRefused(400, f"property {name} should not exist")
    limit = int(query.get("limit") or LIMIT_DEFAULT)
    if not 0 <= limit <= LIMIT_MAX:
        raise ApiRefused(400, "limit must not be greater than 1000")
    newest = sorted(rows, key=lambda row: (row["createdAt"], row["id"]), reverse=True)
    return [shown(row) for row in newest[:limit]]
