"""Messages from the outbox to customers' systems: tried again for three days, then given up
until somebody asks for it."""

import json
import random
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber

from accounts import settings_history
from accounts.models import Organization
from metering.outgoing import sending, signing
from metering.outgoing.errors import NoSuchWebhook
from metering.outgoing.models import WebhookDelivery, WebhookEndpoint

# After each failed try; as receivers of the open scheme expect.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
# Longer than one try lasts: nobody else takes it meanwhile, and one lost in a crash is
# tried again.
LEASE = timedelta(seconds=60)
# Of one endpoint, each time somebody looks for messages to be sent.
AT_ONCE_MAX = 20
# Of all that do not answer.
SILENT_AT_ONCE_MAX = 4
# So many tries lie within about half an hour.
LATELY = 3
# As long as a message is tried again.
UNANSWERED_MAX = timedelta(days=3)
# The log of a month: long enough to look into a complaint, and much longer than the tries.
PURGED_AT_ONCE = 5_000
ERROR_LENGTH_MAX = 200


def due(*, now: datetime, limit: int = 200) -> list[UUID]:
    """Return messages that wait for a try, longest first; of one endpoint only so many.

    A system that does not answer costs a worker seconds at each try, and the same workers end
    calls and fill wallets: of such ones a few are tried, with one message each.
    """
    silent = _silent_endpoints()
    first_ones = (
        _waiting()
        .filter(next_attempt_at__lte=now)
        .annotate(
            place=Window(
                RowNumber(), partition_by="endpoint", order_by=("next_attempt_at", "pk")
            )
        )
        .filter(place__lte=AT_ONCE_MAX)
        .order_by("next_attempt_at", "pk")
    )
    answering: list[UUID] = []
    of_silent: dict[UUID, UUID] = {}
    for pk, endpoint_id in first_ones.values_list("pk", "endpoint_id"):
        if endpoint_id in silent:
            of_silent.setdefault(endpoint_id, pk)
        elif len(answering) < limit:
            answering.append(pk)
    # Drawn by lot, so that each has its turn however long the others' queues are.
    drawn = random.sample(
        list(of_silent.values()), k=min(len(of_silent), SILENT_AT_ONCE_MAX)
    )
    return answering + drawn


def give_up_unanswered(*, now: datetime) -> int:
    """Give up messages that wait for their turn at a system that has not answered for days;
    returns how many. They can be sent again by hand."""
    return (
        _waiting()
        .filter(endpoint__in=_silent_endpoints(), next_attempt_at__lt=now - UNANSWERED_MAX)
        .update(
            state=WebhookDelivery.State.FAILED,
            next_attempt_at=None,
            error="your system has not answered for days",
        )
    )


def _waiting() -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(state=WebhookDelivery.State.WAITING)


def _silent_endpoints() -> set[UUID]:
    """Endpoints that were tried lately and gave no answer at all, not even a refusal."""
    tried = _waiting().filter(attempts__range=(1, LATELY), response_status=None)
    rows = tried.exclude(error="").order_by().values_list("endpoint_id", flat=True)
    return set(rows.distinct())


def deliver(delivery_id: UUID, *, now: datetime) -> str:
    """Try one message once; returns its state. Quiet about one that is not due, or that
    somebody else is sending: the state is empty then."""
    taken = _take(delivery_id, now)
    if taken is None:
        return ""
    try:
        sent = sending.send(
            taken.endpoint.url, body=body_of(taken), headers=_headers(taken, now)
        )
        error = "" if 200 <= sent.status < 300 else f"answered {sent.status}"
        status = sent.status
    except sending.NotSent as failure:
        error, status = str(failure), None
    return _conclude(taken, status=status, error=error, now=now)


def resend(organization: Organization, delivery_id: UUID, *, now: datetime) -> None:
    """Let a message be sent again at once, delivered or not. Raises NoSuchWebhook, also if
    its endpoint was removed."""
    changed = WebhookDelivery.objects.filter(
        organization=organization, pk=delivery_id, endpoint__removed_at__isnull=True
    ).update(state=WebhookDelivery.State.WAITING, attempts=0, next_attempt_at=now)
    if not changed:
        raise NoSuchWebhook


def purge(*, now: datetime) -> int:
    """Forget messages that are older than texts are kept (`retention_days`) and wait for
    nothing; returns how many."""
    kept = timedelta(days=settings_history.value_at("retention_days", None, now))
    over = WebhookDelivery.objects.filter(occurred_at__lt=now - kept).exclude(
        state=WebhookDelivery.State.WAITING
    )
    forgotten = 0
    while ids := list(
        over.order_by("occurred_at").values_list("pk", flat=True)[:PURGED_AT_ONCE]
    ):
        # Somebody may have asked for one of them again meanwhile.
        forgotten += over.filter(pk__in=ids).delete()[0]
    return forgotten


def body_of(delivery: WebhookDelivery) -> bytes:
    """Return the message as it is signed and sent, the same at every try."""
    return json.dumps(
        {
            "type": delivery.kind,
            "timestamp": delivery.occurred_at.isoformat(),
            "data": {"organization": delivery.organization.slug, **delivery.data},
        }
    ).encode()


def message_id_of(delivery: WebhookDelivery) -> str:
    """Return its `webhook-id`: by it a receiver knows a repetition."""
    return f"msg_{delivery.event_id.hex}"


def _take(delivery_id: UUID, now: datetime) -> WebhookDelivery | None:
    with transaction.atomic():
        found = (
            WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("endpoint", "organization")
            .filter(
                pk=delivery_id,
                state=WebhookDelivery.State.WAITING,
                next_attempt_at__lte=now,
            )
            .first()
        )
        if found is None:
            return None
        if found.endpoint.removed_at is not None:
            found.state, found.error = WebhookDelivery.State.FAILED, "endpoint removed"
            found.next_attempt_at = None
            found.save(update_fields=["state", "error", "next_attempt_at"])
            return None
        found.attempts += 1
        found.next_attempt_at = now + LEASE
        found.save(update_fields=["attempts", "next_attempt_at"])
    return found


def _headers(delivery: WebhookDelivery, now: datetime) -> dict[str, str]:
    return signing.headers(
        message_id=message_id_of(delivery),
        timestamp=int(now.timestamp()),
        body=body_of(delivery),
        secrets=_secrets(delivery.endpoint, now),
    )


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    until = endpoint.secret_before_until
    is_rolling = endpoint.secret_before and until is not None and now < until
    return [endpoint.secret, *([endpoint.secret_before] if is_rolling else [])]


def _conclude(
    delivery: WebhookDelivery, *, status: int | None, error: str, now: datetime
) -> str:
    delivery.response_status, delivery.error = status, error[:ERROR_LENGTH_MAX]
    delivery.next_attempt_at = None
    if not error:
        delivery.state, delivery.delivered_at = WebhookDelivery.State.DELIVERED, now
    elif delivery.attempts > len(WAITS):
        delivery.state = WebhookDelivery.State.FAILED
    else:
        delivery.next_attempt_at = now + WAITS[delivery.attempts - 1]
    delivery.save(
        update_fields=[
            "response_status",
            "error",
            "next_attempt_at",
            "state",
            "delivered_at",
        ]
    )
    return delivery.state
