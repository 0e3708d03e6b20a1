"""Messages that came in and messages that go out, newest first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from billing import rehearsal
from billing.models import OverageDelivery, PaymentEvent
from metering.models import InboundMessage, WebhookDelivery
from metering.providers.vapi.messages import UNREADABLE
from servicebilling.lib import keyset

PAGE_SIZE = 50
# How far back is looked for a kind, which no index leads to.
SEARCH_BACK = timedelta(days=31)
_MONEY = ("cost", "price", "amount")
# What a rehearsal calls amounts.
AMOUNTS = ("call price", "call cost", *rehearsal.AMOUNTS)


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    at: datetime
    kind: str
    state: str
    attempts: int
    error: str
    organization: str
    # The call, event or address it is about.
    subject: str


@dataclass(frozen=True, slots=True)
class Source:
    """A table of messages. `right` is what its readers need."""

    title: str
    model: type[Model]
    right: str
    moment: str
    kind: str
    subject: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    next: str


SOURCES = {
    "telephony": Source(
        "Telephony, in",
        InboundMessage,
        "metering.view_inboundmessage",
        "received_at",
        "kind",
        "provider_call_id",
        tuple(InboundMessage.State.values),
    ),
    "payments": Source(
        "Payments, in",
        PaymentEvent,
        "billing.view_paymentevent",
        "received_at",
        "kind",
        "external_id",
        tuple(PaymentEvent.State.values),
    ),
    "customers": Source(
        "Customers' webhooks, out",
        WebhookDelivery,
        "metering.view_webhookdelivery",
        "occurred_at",
        "kind",
        "endpoint_id",
        tuple(WebhookDelivery.State.values),
    ),
    "overage": Source(
        "Overage, out",
        OverageDelivery,
        "billing.view_overagedelivery",
        "created_at",
        "route",
        "key",
        tuple(OverageDelivery.State.values),
    ),
}


def page(
    source: Source,
    *,
    now: datetime,
    state: str = "",
    kind: str = "",
    subject: str = "",
    cursor: str = "",
    limit: int = PAGE_SIZE,
) -> Page:
    """Return a page with one statement; ids grow with time, so they are the order. Raises
    `keyset.InvalidCursor`."""
    rows = source.model._default_manager.select_related("organization").order_by("-pk")
    if source.model in (InboundMessage, PaymentEvent):
        rows = rows.defer("body")
    if state:
        rows = rows.filter(state=state)
    if kind:
        since = {f"{source.moment}__gte": now - SEARCH_BACK}
        rows = rows.filter(**{source.kind: kind}, **since)
    if subject:
        rows = rows.filter(**{source.subject: subject})
    if cursor:
        [last] = keyset.read(cursor, of=source.title, parts=1)
        rows = rows.filter(pk__lt=last)
    found = list(rows[: limit + 1])
    following = ""
    if len(found) > limit:
        following = keyset.write(str(found[limit - 1].pk), of=source.title)
    return Page(tuple(_line(source, row) for row in found[:limit]), next=following)


def known(source: Source, ids: list[str]) -> list[Any]:
    """Return those of the ids that there are, and that can be processed, oldest first."""
    rows = source.model._default_manager.filter(pk__in=ids)
    if source.model is InboundMessage:
        rows = rows.exclude(kind=UNREADABLE)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def lines_of(source: Source, ids: list[Any]) -> list[Line]:
    rows = source.model._default_manager.select_related("organization")
    return [_line(source, row) for row in rows.filter(pk__in=ids).order_by("pk")]


def shown_body(body: Any, *, with_money: bool) -> Any:
    """Return a body, without what names an amount for those who see none."""
    if with_money:
        return body
    if isinstance(body, dict):
        return {
            name: shown_body(value, with_money=False)
            for name, value in body.items()
            if not any(word in name.lower() for word in _MONEY)
        }
    if isinstance(body, list):
        return [shown_body(one, with_money=False) for one in body]
    return body


def _line(source: Source, row: Any) -> Line:
    return Line(
        id=str(row.pk),
        at=getattr(row, source.moment),
        kind=getattr(row, source.kind),
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        organization=row.organization.name if row.organization else "",
        subject=str(getattr(row, source.subject)),
    )
