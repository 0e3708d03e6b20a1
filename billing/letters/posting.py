"""Posting letters: outside any transaction, with a lease, until a mail server takes them.

A letter that was sent but not marked (its worker was killed between the two) goes out once
more after the lease; nothing else sends one twice.
"""

import logging
import random
import time
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from billing.letters import bounces, keys
from billing.letters.bounces import Bounce
from billing.letters.rendering import render
from billing.models import BouncedAddress, Letter
from servicebilling.lib import retrying

WAIT_FIRST = timedelta(seconds=30)
WAIT_MAX = timedelta(minutes=30)
# Later it would be news of last week.
GIVEN_UP_AFTER = timedelta(days=3)
# A run ends well before the worker's limit; the next one goes on.
RUN_SECONDS = 150
_PERMANENT_FROM = 500

State = Letter.State
log = logging.getLogger(__name__)


def post_due(*, now: datetime) -> int:
    """Send the letters whose time has come, oldest first; returns how many went out.

    Where no mail server answers, no letter is touched: all wait, and none counts a failure.
    """
    due = Letter.objects.filter(state=State.WAITING, next_attempt_at__lte=now)
    ids = iter(due.order_by("id").values_list("id", flat=True)[:5000])
    first = next(ids, None)
    if first is None:
        return 0
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        log.warning("no mail server, letters wait: %s", error)
        return 0
    sent, until = 0, time.monotonic() + RUN_SECONDS
    try:
        for letter_id in (first, *ids):
            outcome = _post(letter_id, connection, now)
            sent += outcome == "delivered"
            if outcome == "unreachable" or time.monotonic() > until:
                break
    finally:
        connection.close()
    return sent


def post_one(letter_id: int, *, now: datetime) -> bool:
    """Try to send one letter now; False if it waits, or no address takes it."""
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        log.warning("no mail server, letters wait: %s", error)
        return False
    try:
        return _post(letter_id, connection, now) == "delivered"
    finally:
        connection.close()


def _post(letter_id: int, connection: Any, now: datetime) -> str:
    if not Letter.claim(letter_id, now=now):
        return "busy"
    letter = Letter.objects.select_related("organization").get(pk=letter_id)
    if mark := bounces.mark_of(letter.address):
        letter.error = f"Not sent: this address {mark.get_reason_display()}."
        letter.state, letter.next_attempt_at = State.REFUSED, None
        letter.save(update_fields=["error", "state", "next_attempt_at"])
        return "refused"
    try:
        _message(letter, connection, now).send()
    except keys.NoLongerTrue:
        letter.error = "Withdrawn: it was no longer true before a mail server took it."
        letter.state, letter.next_attempt_at = State.REFUSED, None
        letter.save(update_fields=["error", "state", "next_attempt_at"])
        return "withdrawn"
    except SMTPRecipientsRefused as error:
        is_final = all(code >= _PERMANENT_FROM for code, _ in error.recipients.values())
        _note_failure(letter, error, now, is_final=is_final)
        if is_final:
            bounces.note(_bounce(letter, error), now=now)
        return "refused"
    except (SMTPException, OSError) as error:
        _note_failure(letter, error, now)
        return "unreachable"
    except Exception as error:
        # One that cannot be rendered must not hold up the others.
        log.exception("letter %s could not be made", letter.pk)
        _note_failure(letter, error, now)
        return "broken"
    letter.note_delivered(now=now)
    return "delivered"


def _bounce(letter: Letter, error: Exception) -> Bounce:
    return Bounce(
        letter.address,
        BouncedAddress.Reason.BOUNCED,
        told_by="mail server",
        detail=retrying.told(error),
    )


def _message(letter: Letter, connection: Any, now: datetime) -> EmailMultiAlternatives:
    made = render(letter, path=keys.fresh_path(letter, now=now))
    message = EmailMultiAlternatives(
        subject=made.subject,
        body=made.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.address],
        headers=made.headers,
        connection=connection,
    )
    message.attach_alternative(made.html, "text/html")
    return message


def _note_failure(
    letter: Letter, error: Exception, now: datetime, *, is_final: bool = False
) -> None:
    letter.error = retrying.told(error)
    if is_final or now - letter.created_at > GIVEN_UP_AFTER:
        letter.state, letter.next_attempt_at = State.REFUSED, None
    else:
        wait = min(WAIT_FIRST * 2 ** min(letter.attempts - 1, 10), WAIT_MAX)
        # Many fail together; they must not all come back together.
        letter.next_attempt_at = now + wait * random.uniform(0.5, 1)  # noqa: S311
    letter.save(update_fields=["error", "state", "next_attempt_at"])
