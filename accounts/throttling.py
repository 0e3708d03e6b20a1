"""How often one key, or one person, may ask the API."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiKey

WINDOW_SECONDS = 60
_log = logging.getLogger(__name__)


class PerKey(BaseThrottle):
    """So many requests per key, or per signed-in person, in each minute of the clock.

    `API_REQUESTS_PER_MINUTE` counts all reading together, and all writing. One counter in the
    cache; without the cache nobody is refused, since the numbers are right without it.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        kind = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
        most = settings.API_REQUESTS_PER_MINUTE[kind]
        window = int(time.time()) // WINDOW_SECONDS
        name = f"api:{kind}:{_who(request)}:{window}"
        try:
            # Twice the window, so that a key never ends between these two lines.
            cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
            return cache.incr(name) <= most
        except Exception:
            _log.exception("The cache does not count requests; nobody is refused.")
            return True

    def wait(self) -> float | None:
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS + 1


def _who(request: Request) -> str:
    asks: Any = request.auth
    if isinstance(asks, ApiKey):
        return f"key:{asks.prefix}"
    return f"person:{request.user.pk}"
