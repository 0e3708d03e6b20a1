"""Vapi's messages, all on one URL. Verified over the raw bytes, answered once stored.

A call is refused by words and never by a status code, and no trouble of ours lets one
through: whatever fails, the caller hears a sentence in time.
"""

import logging
import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from metering import tasks
from metering.calls import (
    campaigns,
    forwarding,
    gate,
    inbox,
    journal,
    refusals,
    statuses,
    tokens,
    vapi,
)
from metering.providers.base import CallRequest, DialRequest
from metering.providers.vapi import answers, messages, signatures
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.messages import Incoming
from servicebilling.lib import api_errors, deadline, metrics, stalls
from servicebilling.lib.bulkhead import Full, bulkhead, turn_away

log = logging.getLogger(__name__)


class _TurnedAway(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    config, now = vapi.config(), timezone.now()
    try:
        body = _authentic_body(request, config, now)
    except _TurnedAway as error:
        return api_errors.respond(status=error.status, message=str(error))
    incoming = messages.parse(body, config, now=now)
    if incoming.message.kind == messages.ASSISTANT_REQUEST:
        return JsonResponse(_answer_request(incoming, config, now))
    if isinstance(incoming.meaning, DialRequest):
        return JsonResponse({"eligible": _may_dial(incoming, incoming.meaning, now)})
    try:
        with bulkhead.seat(), deadline.within(settings.WEBHOOK_DEADLINE_SECONDS):
            outcome = inbox.take(incoming, now=now)
    except Full:
        return turn_away(request)
    except DatabaseError:
        log.exception("a message could not be stored (%s)", incoming.message.kind)
        metrics.MESSAGES_LOST.labels("vapi").inc()
        _start_afresh()
        message = "Nothing was stored. Send it again."
        return api_errors.respond(status=503, message=message)
    if outcome == statuses.TO_BE_ENDED:
        tasks.wake_endings()
    return JsonResponse(answers.other(incoming.message.kind))


def _authentic_body(request: HttpRequest, config: VapiConfig, now: datetime) -> bytes:
    """Return the bytes that Vapi sent. Raises `_TurnedAway`.

    Read past Django's own limit, which is meant for forms: reports carry transcripts.
    """
    bytes_max = settings.VAPI_WEBHOOK_BODY_BYTES_MAX
    try:
        shows_secret = signatures.shows_secret(request.headers, config)
        if not (shows_secret or signatures.claims_signature(request.headers, config)):
            raise _TurnedAway(401, "The secret or signature is missing or wrong.")
        body = request.read(bytes_max + 1)
        if len(body) > bytes_max:
            # Whoever sends it will not send a shorter one: somebody has to look.
            log.error("a webhook body exceeds VAPI_WEBHOOK_BODY_BYTES_MAX and was refused")
            raise _TurnedAway(413, "The body is too large.")
        if not shows_secret:
            signatures.verify(body, request.headers, config, now=now)
    except signatures.NotConfigured:
        log.error("a webhook came, but VAPI_WEBHOOK_SECRET is not set")
        raise _TurnedAway(503, "This endpoint has no secret.") from None
    except signatures.SignatureRefused:
        raise _TurnedAway(401, "The secret or signature is missing or wrong.") from None
    except OSError:
        raise _TurnedAway(400, "The body broke off.") from None
    if request.content_type != "application/json":
        log.error("a webhook of type %s was refused", (request.content_type or "")[:100])
        raise _TurnedAway(415, "Send application/json.")
    return body


def _answer_request(
    incoming: Incoming, config: VapiConfig, now: datetime
) -> dict[str, Any]:
    """Answer in time, whatever the database does: no answer from it is a refusal."""
    since = time.perf_counter()
    answer = _decide_in_time(incoming, config, now)
    journal.answered(is_decided=answer is not None, since=since)
    return answer or answers.refuse(refusals.fallback("unavailable"))


def _decide_in_time(
    incoming: Incoming, config: VapiConfig, now: datetime
) -> dict[str, Any] | None:
    try:
        with deadline.within(stalls.shortened(settings.PRE_CALL_DEADLINE_SECONDS)):
            answer = _decide(incoming, config, now)
        stalls.forget()
        return answer
    except DatabaseError:
        stalls.remember()
        log.exception("a call was refused because the database did not answer")
    except Exception:
        log.exception("a call was refused because of an error")
    _start_afresh()
    return None


def _decide(incoming: Incoming, config: VapiConfig, now: datetime) -> dict[str, Any]:
    if not isinstance(incoming.meaning, CallRequest):
        inbox.take(incoming, now=now)
        return answers.refuse(refusals.fallback("unavailable"))
    since = time.perf_counter()
    admission = gate.admit(incoming.meaning, now=now)
    journal.decided(admission, incoming.meaning.ref, since=since)
    if not admission.admitted:
        number = forwarding.destination(
            admission.organization_id,
            provider=incoming.message.provider,
            call_id=incoming.meaning.ref.call_id,
            rule=admission.rule,
            now=now,
        )
        if number:
            return answers.forward(number, refusals.fallback("forwarded"))
        sentence = refusals.text(
            admission.rule,
            agent_text=admission.refusal_text,
            organization_id=admission.organization_id,
            now=now,
        )
        return answers.refuse(sentence)
    if admission.organization_id is None or not admission.assistant_id:
        # The number lost its agent after the call was admitted.
        return answers.refuse(refusals.fallback("not_configured"))
    return answers.admit(
        assistant_id=admission.assistant_id,
        seconds_max=admission.seconds_max,
        token=tokens.sign(
            organization_id=admission.organization_id,
            call_id=incoming.meaning.ref.call_id,
        ),
        config=config,
    )


def _may_dial(incoming: Incoming, request: DialRequest, now: datetime) -> bool:
    """Answer a campaign in time; whatever fails, nobody is called."""
    try:
        with deadline.within(settings.PRE_CALL_DEADLINE_SECONDS):
            inbox.take(incoming, now=now)
            return campaigns.may_dial(request, now=now)
    except Exception:
        log.exception("a campaign's call was refused because of an error")
    _start_afresh()
    return False


def _start_afresh() -> None:
    """Give up a connection that nobody knows the state of; the next request makes one."""
    if not connection.in_atomic_block:
        connection.close()
