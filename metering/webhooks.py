"""Vapi's messages, all on one URL. Verified over the raw bytes, answered once stored."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from metering.calls import gate, inbox, refusals, tokens, vapi
from metering.providers.base import CallRequest
from metering.providers.vapi import answers, messages, signatures
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.messages import Incoming
from servicebilling.lib import deadline

log = logging.getLogger(__name__)


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    if request.content_type != "application/json":
        return _error(415, "unsupported_media_type", "Send application/json.")
    body = request.read(settings.VAPI_WEBHOOK_BODY_BYTES_MAX + 1)
    config, now = vapi.config(), timezone.now()
    try:
        signatures.verify(body, request.headers, config, now=now)
    except signatures.NotConfigured:
        log.error("a webhook came, but VAPI_WEBHOOK_SECRET is not set")
        return _error(503, "not_configured", "This endpoint has no secret.")
    except signatures.SignatureRefused:
        return _error(401, "unauthenticated", "The secret or signature is wrong.")
    if len(body) > settings.VAPI_WEBHOOK_BODY_BYTES_MAX:
        log.error("a webhook body exceeds VAPI_WEBHOOK_BODY_BYTES_MAX and was refused")
        return _error(413, "too_large", "The body is too large.")
    incoming = messages.parse(body, config, now=now)
    if incoming.message.kind == messages.ASSISTANT_REQUEST:
        return JsonResponse(_answer_request(incoming, config))
    try:
        with deadline.within(settings.WEBHOOK_DEADLINE_SECONDS):
            inbox.take(incoming, now=now)
    except (OperationalError, InterfaceError):
        log.exception("a %s could not be stored", incoming.message.kind)
        connection.close()
        return _error(503, "not_stored", "Nothing was stored. Send it again.")
    return JsonResponse(answers.other(incoming.message.kind))


def _answer_request(incoming: Incoming, config: VapiConfig) -> dict[str, Any]:
    """Answer in time, whatever the database does: no answer from it is a refusal."""
    try:
        with deadline.within(settings.PRE_CALL_DEADLINE_SECONDS):
            return _decide(incoming, config)
    except DatabaseError:
        log.exception("a call was refused because the database did not answer")
        connection.close()
    except Exception:
        log.exception("a call was refused because of an error")
    return answers.refuse(refusals.fallback("unavailable"))


def _decide(incoming: Incoming, config: VapiConfig) -> dict[str, Any]:
    now = timezone.now()
    if not isinstance(incoming.meaning, CallRequest):
        inbox.take(incoming, now=now)
        return answers.refuse(refusals.fallback("unavailable"))
    admission = gate.admit(incoming.meaning, now=now)
    if admission.admitted and admission.organization_id:
        return answers.admit(
            assistant_id=admission.assistant_id,
            seconds_max=admission.seconds_max,
            token=tokens.sign(admission.organization_id),
            config=config,
        )
    return answers.refuse(
        refusals.text(
            admission.rule,
            agent_text=admission.refusal_text,
            organization_id=admission.organization_id,
            now=now,
        )
    )


def _error(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
