"""Keeps some of a process's threads free for pre-call checks.

When the database stalls, pages and reports would sit in every thread until their deadlines,
and a caller's check would wait behind them. So ordinary work takes one of fewer seats than
there are threads; whoever finds none for a moment is told to come again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from servicebilling.lib import api_errors, deadline

# Long enough for a seat to come free while all is well, short enough to be waited for by a
# caller whose own answer takes PRE_CALL_DEADLINE_SECONDS after that.
PATIENCE_SECONDS = 0.2
RETRY_AFTER_SECONDS = 2
# Takes its own seat once it knows what a message is; and what needs no database at all.
_SEATED_BY_THEMSELVES = ("/api/webhooks/vapi", "/livez")


class Full(Exception):
    """All seats are taken, and none came free for a while."""


class Bulkhead:
    """Counts who is at work. `seats=None` lets everyone in."""

    def __init__(self, seats: int | None = None) -> None:
        self._changed = threading.Condition()
        self._seats = seats
        self._taken = 0
        self._is_stuck = False

    def limit(self, seats: int | None) -> None:
        with self._changed:
            self._seats = seats
            self._changed.notify_all()

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Hold a seat. Raises `Full` after a short wait, or at once where others waited in
        vain: a wait costs a thread, and those are what is short."""
        self._take()
        try:
            yield
        finally:
            self._leave()

    def _take(self) -> None:
        with self._changed:
            if not self._is_free() and not self._is_stuck:
                self._is_stuck = not self._changed.wait_for(
                    self._is_free, timeout=PATIENCE_SECONDS
                )
            if not self._is_free():
                raise Full
            self._taken += 1

    def _leave(self) -> None:
        with self._changed:
            self._taken -= 1
            self._is_stuck = False
            self._changed.notify()

    def _is_free(self) -> bool:
        return self._seats is None or self._taken < self._seats


# Of this process. The web server says how many seats there are (deploy/gunicorn.conf.py).
bulkhead = Bulkhead()


def seat_and_deadline(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: ordinary requests take a seat and wait for the database so long only."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in _SEATED_BY_THEMSELVES:
            return get_response(request)
        try:
            with bulkhead.seat(), deadline.within(settings.REQUEST_DEADLINE_SECONDS):
                return get_response(request)
        except Full:
            return turn_away(request)

    return middleware


def turn_away(request: HttpRequest) -> HttpResponse:
    """Answer 503, as JSON under /api/ and as a page elsewhere.

    Without the request's context: who is signed in would be asked of the database.
    """
    if request.path.startswith(api_errors.API_PREFIX):
        response: HttpResponse = api_errors.respond(
            status=503, message="Nothing was done. Send it again."
        )
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
