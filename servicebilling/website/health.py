"""Whether the process lives, and whether it can serve."""

import time
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from servicebilling.lib import deadline
from servicebilling.website import monitoring

# A probe that waits as long as a request would tells nothing.
DATABASE_ANSWERS_WITHIN_SECONDS = 2.0


@login_not_required
@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers; says nothing of what it needs."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers: send requests here. What exactly is wrong is for staff only."""
    started_at = time.monotonic()
    try:
        with deadline.within(DATABASE_ANSWERS_WITHIN_SECONDS):
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "unavailable"}, status=503)
    found: dict[str, Any] = {"status": "ok"}
    if request.user.is_staff:
        took_ms = round((time.monotonic() - started_at) * 1000, 1)
        version = connection.pg_version  # type: ignore[attr-defined]
        found |= {"database": {"answers_in_ms": took_ms, "version": version}}
        found |= {"cache": _cache_state(), "figures": _figures()}
    return JsonResponse(found)


def _cache_state() -> str:
    """Sign-in and limits need the cache; calls do not, so it decides nothing here."""
    try:
        cache.get("readyz")
    except Exception as error:
        return type(error).__name__
    return "ok"


def _figures() -> dict[str, float]:
    told = {}
    for figure in monitoring.read(now=timezone.now()):
        name = " ".join((figure.name, *figure.labels.values()))
        told[name] = round(figure.value, 1)
    return told
