"""Every failure of the API in one shape: `{"error": {"code", "message", "fields"?}}`.

`answer` serves whatever a REST view raises; the middleware serves what fails outside of one
(no such URL, a method that a webhook does not take, a defect) under /api/.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from servicebilling.lib.errors import DomainError

API_PREFIX = "/api/"
# One text for all: what is foreign looks like what does not exist, byte by byte.
NOT_FOUND = "Not found."
_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
_KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


def body(
    *, status: int, message: str = "", code: str = "", fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the body of an error. `fields` holds messages by the dotted path of a field."""
    error: dict[str, Any] = {
        "code": code or _CODES.get(status, "error"),
        "message": message or f"{HTTPStatus(status).phrase}.",
    }
    if fields:
        error["fields"] = fields
    return {"error": error}


def respond(*, status: int, message: str = "", code: str = "") -> JsonResponse:
    """Return an error from a view that is not a REST view, such as a webhook."""
    # Written like the answers of REST views, without spaces: a missing URL and a missing
    # object are not to be told apart.
    return JsonResponse(
        body(status=status, message=message, code=code),
        status=status,
        json_dumps_params={"separators": (",", ":")},
    )


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer what a REST view raised; None for a defect, which Django logs as one."""
    known = _status(error)
    if known is None:
        return None
    set_rollback()
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Response(_body(error, status=known), status=known, headers=headers)


def json_under_api(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, outermost: failures under /api/ are JSON whoever made them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = get_response(request)
        is_failure = given.status_code >= 400 and request.path.startswith(API_PREFIX)
        if not is_failure or given.get("Content-Type", "").startswith("application/json"):
            return given
        message = NOT_FOUND if given.status_code == 404 else ""
        shaped = respond(status=given.status_code, message=message)
        for header in _KEPT_HEADERS:
            if header in given:
                shaped[header] = given[header]
        return shaped

    return middleware


def _status(error: Exception) -> int | None:
    match error:
        case DomainError():
            return error.status
        case exceptions.APIException():
            return error.status_code
        case Http404():
            return 404
        case PermissionDenied():
            return 403
        case RequestDataTooBig():
            return 413
        case BadRequest() | SuspiciousOperation():
            return 400
    return None


def _body(error: Exception, *, status: int) -> dict[str, Any]:
    match error:
        case DomainError():
            return body(status=status, code=error.code, message=error.message)
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.Throttled():
            return body(status=status, message="Too many requests; see Retry-After.")
        case exceptions.APIException() if status != 404:
            code = getattr(error.detail, "code", "")
            return body(status=status, code=code, message=str(error.detail))
        case PermissionDenied() | BadRequest():
            code = getattr(error, "code", "")
            return body(status=status, code=code, message=str(error))
        case SuspiciousOperation():
            # Its text is for the log: it may tell what was suspected.
            return body(status=status)
    return body(status=404, message=NOT_FOUND)


def _invalid(error: exceptions.ValidationError) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for path, message in _messages(error.detail):
        fields.setdefault(path, []).append(message)
    # What belongs to no field is the message itself.
    overall = fields.pop("", []) + fields.pop("non_field_errors", [])
    message = " ".join(overall) or "The request is not valid; see fields."
    return body(status=400, code="invalid", message=message, fields=fields)


def _messages(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _messages(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list) and any(isinstance(one, dict | list) for one in detail):
        for index, inner in enumerate(detail):
            yield from _messages(inner, f"{path}.{index}" if path else str(index))
    elif isinstance(detail, list):
        for message in detail:
            yield path, str(message)
    else:
        yield path, str(detail)
