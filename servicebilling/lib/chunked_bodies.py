"""Bodies that come in chunks, without saying how long they are.

Proxies that stream send them so. The framework takes a request without a length for one
without a body: a provider's report would be answered, and be lost. Where the server marks the
end of such a body, it is given the length that it turned out to have.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest, HttpResponse

from servicebilling.lib import api_errors

WEBHOOKS = "/api/webhooks/"
# Its reports carry transcripts.
TELEPHONY = "/api/webhooks/vapi"


def with_their_length(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, before anything that reads a body."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if _is_chunked(request):
            # The stream is not public; the framework makes it before any middleware runs.
            open_request: Any = request
            body = request.META["wsgi.input"]
            if request.path.startswith(WEBHOOKS):
                # They bound what they read, and read nothing before they know who sends it.
                open_request._stream = LimitedStream(body, _longest(request) + 1)
                return get_response(request)
            try:
                found = body.read(_longest(request) + 1)
            except OSError:
                return api_errors.respond(status=400, message="The body broke off.")
            if len(found) > _longest(request):
                return api_errors.respond(status=413, message="The body is too large.")
            request.META["CONTENT_LENGTH"] = str(len(found))
            open_request._stream = LimitedStream(BytesIO(found), len(found))
        return get_response(request)

    return middleware


def _is_chunked(request: HttpRequest) -> bool:
    meta = request.META
    return (
        not meta.get("CONTENT_LENGTH")
        and "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower()
        and bool(meta.get("wsgi.input_terminated"))
    )


def _longest(request: HttpRequest) -> int:
    if request.path == TELEPHONY:
        return int(settings.VAPI_WEBHOOK_BODY_BYTES_MAX)
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
