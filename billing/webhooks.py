"""Webhooks of payment providers: verified over the raw bytes, stored, answered."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import inbox, tasks
from billing.providers import registry
from billing.providers.base import NotConfigured, SignatureRefused
from servicebilling.lib import api_errors, deadline, metrics

BODY_BYTES_MAX = 1024 * 1024

log = logging.getLogger(__name__)


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Store an event and answer; it is processed by the worker, not while they wait."""
    now = timezone.now()
    try:
        body = request.read(BODY_BYTES_MAX + 1)
        if len(body) > BODY_BYTES_MAX:
            return api_errors.respond(status=413, message="The body is too large.")
        event = registry.get(provider).verify(body, request.headers, now=now)
    except NotConfigured:
        log.error("a webhook of %s came, but its secret is not set", provider)
        return api_errors.respond(status=503, message="This endpoint has no secret.")
    except SignatureRefused:
        return api_errors.respond(status=400, message="The signature is wrong.")
    except (ValueError, OSError):
        return api_errors.respond(status=400, message="This is no event.")
    try:
        with deadline.within(settings.WEBHOOK_DEADLINE_SECONDS):
            event_id = inbox.receive(event, provider=provider, now=now)
            if event_id is not None:
                transaction.on_commit(lambda: tasks.wake(event_id))
    except DatabaseError:
        log.exception("an event of %s could not be stored", provider)
        metrics.MESSAGES_LOST.labels(provider).inc()
        connection.close()
        return api_errors.respond(status=503, message="Nothing was stored. Send it again.")
    return JsonResponse({})
