"""Middleware: gives a request its id, tells what came of it, and forgets it afterwards."""

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from servicebilling.lib import metrics
from servicebilling.lib.ids import new_id
from servicebilling.lib.logs import context, events

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)
# Asked every few seconds for ever; what they say is on the monitor.
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
# Tells its own events, one per call.
_TOLD_BY_THEMSELVES = frozenset({"/api/webhooks/vapi"})

log = logging.getLogger(__name__)


def told(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """The id comes back as `X-Request-ID`, and goes along with the tasks it leads to."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started_at = time.perf_counter()
        request_id = _id_of(request)
        with context.fresh(request_id=request_id):
            response = get_response(request)
            response[HEADER] = request_id
            metrics.RESPONSES.labels(f"{response.status_code // 100}xx").inc()
            _tell(request, response, seconds=time.perf_counter() - started_at)
        return response

    return middleware


def _id_of(request: HttpRequest) -> str:
    """A proxy of ours may have given it one; what others send is no id."""
    given = request.headers.get(HEADER, "")
    if settings.SECURE_PROXY_SSL_HEADER and _GIVEN.fullmatch(given):
        return given
    return new_id().hex


def _tell(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    is_fine = response.status_code < 400
    if request.path in _PROBES or (is_fine and request.path in _TOLD_BY_THEMSELVES):
        return
    match = request.resolver_match
    if is_fine and match is None:
        # A style sheet or a picture, or a probe's redirect: no view was asked.
        return
    # The pattern and not the path: paths hold keys that let people in.
    events.tell(
        log,
        "request_done",
        method=request.method,
        route=match.route if match else None,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )
