"""Where an organization's messages go, and what was sent there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from metering.outgoing import delivery, sending, signing
from metering.outgoing.errors import BadEndpoint, NoSuchWebhook, TooManyEndpoints
from metering.outgoing.models import EventKind, WebhookDelivery, WebhookEndpoint
from servicebilling.lib import keyset

ENDPOINTS_MAX = 10
# How long messages carry a signature by the old secret, too.
ROLLS_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as its organization sees it; the secret is told when it is made, and then
    never again."""

    id: UUID
    url: str
    kinds: list[str]
    created_at: datetime
    # Until then messages carry a signature by the secret before this one, too.
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the log."""

    id: UUID
    # `webhook-id` of the message, the same at every try and endpoint.
    message_id: str
    # What is sent, byte by byte.
    body: bytes
    endpoint_id: UUID
    url: str
    kind: str
    state: str
    attempts: int
    occurred_at: datetime
    delivered_at: datetime | None
    next_attempt_at: datetime | None
    response_status: int | None
    error: str
    # Not while it waits, and not to an endpoint that was removed.
    can_be_resent: bool


@dataclass(frozen=True, slots=True)
class LogPage:
    lines: list[Delivery]
    # Cursor of the page that follows.
    next: str | None


def add(
    organization: Organization, *, url: str, kinds: list[str], actor: Actor, now: datetime
) -> tuple[Endpoint, str]:
    """Make an endpoint; returns it and its secret. Raises BadEndpoint, TooManyEndpoints."""
    try:
        url = sending.clean_url(url)
    except ValueError as error:
        raise BadEndpoint(str(error)) from error
    wanted = sorted(set(kinds))
    if not wanted or not set(wanted) <= set(EventKind.values):
        raise BadEndpoint("Name the events to send: " + ", ".join(EventKind.values))
    if _live(organization).count() >= ENDPOINTS_MAX:
        raise TooManyEndpoints(f"An organization has at most {ENDPOINTS_MAX} endpoints.")
    secret = signing.new_secret()
    try:
        with transaction.atomic():
            made = WebhookEndpoint.objects.create(
                organization=organization,
                url=url,
                kinds=wanted,
                secret=secret,
                created_at=now,
            )
            _note("webhook_endpoint.added", made, actor, now)
    except IntegrityError as error:
        raise BadEndpoint("There is an endpoint with this address already.") from error
    return _endpoint(made), secret


def rotate(
    organization: Organization, endpoint_id: UUID, *, actor: Actor, now: datetime
) -> str:
    """Return a new secret; for a day, messages carry both signatures. Raises NoSuchWebhook."""
    with transaction.atomic():
        found = _find(organization, endpoint_id)
        found.secret_before, found.secret_before_until = found.secret, now + ROLLS_FOR
        found.secret = signing.new_secret()
        found.save(update_fields=["secret", "secret_before", "secret_before_until"])
        _note("webhook_endpoint.secret_changed", found, actor, now)
    return found.secret


def remove(
    organization: Organization, endpoint_id: UUID, *, actor: Actor, now: datetime
) -> None:
    """Send nothing there any more; the log stays. Raises NoSuchWebhook."""
    with transaction.atomic():
        found = _find(organization, endpoint_id)
        found.removed_at, found.secret, found.secret_before = now, "", ""
        found.save(update_fields=["removed_at", "secret", "secret_before"])
        _note("webhook_endpoint.removed", found, actor, now)


def endpoints_of(organization: Organization) -> list[Endpoint]:
    """Return the live endpoints, oldest first; one statement."""
    return [_endpoint(row) for row in _live(organization)]


def log_page(organization: Organization, *, limit: int, cursor: str = "") -> LogPage:
    """Return a page of messages, newest first; one statement. Raises `InvalidCursor`."""
    list_name = f"webhooks {organization.pk}"
    rows = WebhookDelivery.objects.filter(organization=organization)
    if cursor:
        moment, named = keyset.read(cursor, of=list_name, parts=2)
        at, pk = datetime.fromisoformat(moment), UUID(named)
        rows = rows.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, id__lt=pk))
    rows = rows.select_related("endpoint", "organization").order_by("-occurred_at", "-id")
    lines = [
        Delivery(
            id=row.id,
            message_id=delivery.message_id_of(row),
            body=delivery.body_of(row),
            endpoint_id=row.endpoint_id,
            url=row.endpoint.url,
            kind=row.kind,
            state=row.state,
            attempts=row.attempts,
            occurred_at=row.occurred_at,
            delivered_at=row.delivered_at,
            next_attempt_at=row.next_attempt_at,
            response_status=row.response_status,
            error=row.error,
            can_be_resent=row.state != WebhookDelivery.State.WAITING
            and row.endpoint.removed_at is None,
        )
        for row in rows[: limit + 1]
    ]
    following = None
    if len(lines) > limit:
        last = lines[limit - 1]
        following = keyset.write(last.occurred_at.isoformat(), str(last.id), of=list_name)
    return LogPage(lines[:limit], following)


def _live(organization: Organization) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(
        organization=organization, removed_at__isnull=True
    )


def _find(organization: Organization, endpoint_id: UUID) -> WebhookEndpoint:
    found = _live(organization).select_for_update().filter(pk=endpoint_id).first()
    if found is None:
        raise NoSuchWebhook
    return found


def _endpoint(row: WebhookEndpoint) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        kinds=row.kinds,
        created_at=row.created_at,
        old_secret_until=row.secret_before_until if row.secret_before else None,
    )


def _note(action: str, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> None:
    audit.record(
        organization=endpoint.organization,
        actor=actor,
        action=action,
        detail={"url": endpoint.url, "kinds": endpoint.kinds},
        now=now,
    )
