"""One API request, from its key to its answer."""

import base64
import hashlib
import json
import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from servicebilling.sandbox.stripe import clock, faults, idempotency, routing, v2
from servicebilling.sandbox.stripe.box import Box, Request, Row, new_id
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.forms import decode
from servicebilling.sandbox.stripe.presenting import expand, shown
from servicebilling.sandbox.stripe.versions import API_VERSION

SECONDS_OF_A_FAULT_MAX = 120


@dataclass(frozen=True)
class Incoming:
    method: str
    path: str
    query: str
    body: bytes
    # Names in lower case.
    headers: Mapping[str, str]


@dataclass
class Answer:
    """What goes back; `is_lost` closes the connection instead."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    is_lost: bool = False


def answer(box: Box, incoming: Incoming) -> Answer:
    """Answer a request, unless a fault was asked for that meets it."""
    request = Request(new_id("req_", 14), incoming.headers.get("idempotency-key"))
    with box.lock:
        fault = faults.for_request(box, method=incoming.method, path=incoming.path)
    kind = fault["kind"] if fault else ""
    given: Answer | None = None
    if kind == "429":
        given = _failed(_too_many())
    elif kind == "no_answer":
        given = _lost()
    elif kind == "500" and fault and not fault.get("applied"):
        given = _failed(_broken())
        if fault.get("kept"):
            _keep(box, incoming, request, given)
    if given is None:
        given = _act_once(box, incoming, request, spoil=kind == "500")
    if kind == "lost_answer":
        given = _lost()
    if kind == "slow" and fault:
        time.sleep(min(float(fault.get("seconds", 5)), SECONDS_OF_A_FAULT_MAX))
    given.headers.setdefault("Request-Id", request.id)
    given.headers.setdefault("Stripe-Version", API_VERSION)
    return given


def _act_once(box: Box, incoming: Incoming, request: Request, *, spoil: bool) -> Answer:
    """Act, or replay what the idempotency key stands for; hold the lock meanwhile."""
    with box.lock:
        clock.run_due(box)
        box.request, box.added = request, []
        is_kept = incoming.method == "POST" and bool(request.idempotency_key)
        try:
            scope = _scope(_secret_key(incoming.headers))
            if is_kept:
                kept = idempotency.recall(
                    box,
                    request.idempotency_key or "",
                    scope=scope,
                    print_of_request=_print(incoming),
                )
                if kept is not None:
                    return _replayed(kept, request)
            given = Answer(200, json.dumps(_act(box, incoming)))
        except ApiError as error:
            if error.status == 400:
                box.undo_additions()
            given = _failed(error)
            is_kept = is_kept and error.is_kept
        except Exception:
            box.note_mistake(f"{incoming.method} {incoming.path}\n{traceback.format_exc()}")
            given, is_kept = _failed(_broken()), False
        finally:
            box.request = None
            box.changed()
        given = _failed(_broken()) if spoil else given
        if is_kept:
            _keep(box, incoming, request, given)
    return given


def _act(box: Box, incoming: Incoming) -> Row:
    _check_version(incoming.headers)
    found = routing.find(incoming.method, incoming.path)
    if found is None:
        raise ApiError(
            f"Unrecognized request URL ({incoming.method}: {incoming.path}). Please see"
            " https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
            is_kept=False,
        )
    operation, ids = found
    params = operation.takes.read(_given(incoming), "")
    paths = params.pop("expand", [])
    answered: Row = shown(box, operation.act(box, params, *ids))
    expand(box, answered, paths)
    return answered


def _given(incoming: Incoming) -> Row:
    """Return the parameters: of the query, or of the body of a POST."""
    if incoming.method != "POST":
        return decode(incoming.query)
    if incoming.path.startswith("/v2/"):
        return v2.decode(incoming.body)
    if incoming.query:
        raise ApiError("Parameters of a POST go into its body.", is_kept=False)
    return decode(incoming.body.decode("utf-8", "replace"))


def _secret_key(headers: Mapping[str, str]) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        key = base64.b64decode(key + "==").decode("utf-8", "replace").split(":")[0]
    if not key:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the"
            " Authorization header, using Bearer auth (e.g. 'Authorization: Bearer"
            " YOUR_SECRET_KEY').",
            status=401,
            is_kept=False,
        )
    if not re.fullmatch(r"[sr]k_test_\w+", key, re.ASCII):
        raise ApiError(
            f"Invalid API Key provided: {key[:8]}***. The sandbox takes test keys alone"
            " (sk_test_… or rk_test_…).",
            status=401,
            is_kept=False,
        )
    return key


def _check_version(headers: Mapping[str, str]) -> None:
    asked = headers.get("stripe-version", API_VERSION)
    if asked != API_VERSION:
        raise ApiError(
            f"The sandbox speaks API version {API_VERSION} alone, not {asked}.",
            is_kept=False,
        )


def _scope(secret_key: str) -> str:
    return hashlib.sha256(secret_key.encode()).hexdigest()[:12]


def _print(incoming: Incoming) -> str:
    return idempotency.fingerprint(incoming.method, incoming.path, incoming.body)


def _keep(box: Box, incoming: Incoming, request: Request, given: Answer) -> None:
    if incoming.method != "POST" or not request.idempotency_key:
        return
    with box.lock:
        idempotency.keep(
            box,
            request.idempotency_key,
            scope=_scope(_secret_key(incoming.headers)),
            print_of_request=_print(incoming),
            status=given.status,
            text=given.text,
            request_id=request.id,
        )


def _replayed(kept: Row, request: Request) -> Answer:
    headers = {
        "Idempotent-Replayed": "true",
        "Original-Request": kept["request_id"],
        "Request-Id": request.id,
    }
    return Answer(kept["status"], kept["text"], headers)


def _failed(error: ApiError) -> Answer:
    body: dict[str, Any] = error.body
    return Answer(error.status, json.dumps(body))


def _lost() -> Answer:
    return Answer(0, "", is_lost=True)


def _too_many() -> ApiError:
    return ApiError(
        "Request rate limit exceeded. Learn more about rate limits here"
        " https://stripe.com/docs/rate-limits.",
        status=429,
        code="rate_limit",
    )


def _broken() -> ApiError:
    return ApiError(
        "An unknown error occurred. (This is the sandbox.)", status=500, kind="api_error"
    )
