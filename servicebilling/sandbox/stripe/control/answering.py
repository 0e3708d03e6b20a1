"""Find the act of a path under /_sandbox and answer in JSON."""

import contextlib
import json
import traceback
from dataclasses import dataclass
from typing import Any

from servicebilling.sandbox.stripe import clock, v2
from servicebilling.sandbox.stripe.box import Box
from servicebilling.sandbox.stripe.control import (
    breaking,
    customers,
    overview,
    sending,
    state,
    time,
)
from servicebilling.sandbox.stripe.control.routes import CONTROLS, Control
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.forms import decode

# Imported so that their acts are known.
FAMILIES = (breaking, customers, sending, state, time)


@dataclass(frozen=True)
class Given:
    status: int
    body: bytes
    content_type: str = "application/json"


def answer(box: Box, method: str, path: str, query: str, body: bytes) -> Given:
    """Act and answer; mistakes have the shape of the API's."""
    if path.rstrip("/") == "/_sandbox":
        with box.lock:
            return Given(200, overview.page(box), "text/html; charset=utf-8")
    found = _find(method, path.removeprefix("/_sandbox/"))
    if found is None:
        return _json(404, {"error": {"message": f"The sandbox has no {method} {path}."}})
    control, ids = found
    try:
        params = control.takes.read(_given(body, query), "")
        with box.lock if control.is_locked else contextlib.nullcontext():
            if control.is_locked:
                clock.run_due(box)
            done = control.act(box, params, *ids)
        box.changed()
    except ApiError as error:
        return _json(error.status, error.body)
    except Exception as error:
        box.note_mistake(f"{method} {path}\n{traceback.format_exc()}")
        return _json(500, {"error": {"message": repr(error)}})
    return _json(200, done)


def _find(method: str, path: str) -> tuple[Control, list[str]] | None:
    given = path.strip("/").split("/")
    for control in CONTROLS:
        if control.method != method or len(control.segments) != len(given):
            continue
        pairs = list(zip(control.segments, given, strict=True))
        if all(name.startswith("{") or name == word for name, word in pairs):
            return control, [word for name, word in pairs if name.startswith("{")]
    return None


def _given(body: bytes, query: str) -> dict[str, Any]:
    if body.lstrip().startswith(b"{"):
        return v2.decode(body)
    return decode(body.decode("utf-8", "replace") if body else query)


def _json(status: int, value: Any) -> Given:
    return Given(status, json.dumps(value, indent=1).encode())
