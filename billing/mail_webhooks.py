"""What mail services tell of letters that came back. Signed, or with a secret of ours."""

import importlib
import logging
from typing import Any

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.letters import bounces
from billing.letters.bounces import Bounce
from servicebilling.lib import api_errors, metrics

# Each reads and, where the service signs, verifies its own messages.
SERVICES = {
    "brevo": "BrevoTrackingWebhookView",
    "mailgun": "MailgunTrackingWebhookView",
    "postmark": "PostmarkTrackingWebhookView",
    "sendgrid": "SendGridTrackingWebhookView",
}

log = logging.getLogger(__name__)


@login_not_required
@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def receive(request: HttpRequest, service: str) -> HttpResponse:
    """Mark the addresses that a service tells of; 503 where nothing could be kept, so that
    it tells them again."""
    if service not in SERVICES:
        return api_errors.respond(status=404, message=api_errors.NOT_FOUND)
    if not settings.ANYMAIL["WEBHOOK_SECRET"]:
        return api_errors.respond(status=503, message="This endpoint has no secret.")
    if request.method == "HEAD":
        # Some ask so whether the address exists, before they use it.
        return HttpResponse()
    try:
        told = _verified(request, service)
    except AnymailWebhookValidationFailure:
        return api_errors.respond(
            status=401, message="The secret or signature is missing or wrong."
        )
    except (ImproperlyConfigured, AnymailError):
        log.error("a webhook of %s came, but its signing key is not set", service)
        return api_errors.respond(status=503, message="This endpoint has no key.")
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
        return api_errors.respond(status=400, message="This is no event.")
    try:
        for bounce in told:
            bounces.note(bounce, now=timezone.now())
    except DatabaseError:
        log.exception("what %s told of letters could not be stored", service)
        metrics.MESSAGES_LOST.labels(service).inc()
        return api_errors.respond(status=503, message="Nothing was stored. Send it again.")
    return JsonResponse({})


def _verified(request: HttpRequest, service: str) -> list[Bounce]:
    module = importlib.import_module(f"anymail.webhooks.{service}")
    view: Any = getattr(module, SERVICES[service])()
    view.run_validators(request)
    return [
        Bounce(
            address=event.recipient,
            reason=bounces.REASON_OF[event.event_type],
            told_by=service,
            detail=event.mta_response or event.description or "",
        )
        for event in view.parse_events(request)
        if event.event_type in bounces.REASON_OF and event.recipient
    ]
