"""Everything that happened to an organization, newest first, from the books themselves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from uuid import UUID

from django.db.models import Count, Max
from django.db.models.functions import TruncDay
from django.urls import reverse

from accounts.capabilities import MONEY_ROWS
from accounts.models import AuditEntry
from billing.models import (
    Dispute,
    Document,
    Letter,
    Payment,
    Purchase,
    Refund,
    Subscription,
)
from metering.models import Decision, MinuteTransaction, WalletTransaction
from servicebilling.lib import money

LENGTH_MAX = 60
Tell = Callable[[Decimal, str], str]


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    kind: str
    text: str
    reason: str
    # The row itself, on the staff site; empty where whoever asks may not see it.
    url: str
    # Of an adjustment that can be taken back; empty otherwise.
    reversible: str = ""


def of(
    organization_id: UUID, *, with_money: bool = True, length: int = LENGTH_MAX
) -> tuple[Happening, ...]:
    """Return the newest happenings of all kinds; usage by calls is left to the call log.
    Without money, amounts are left out; one statement for each kind."""
    tell = _shown if with_money else _hidden
    sources = (
        _minutes(organization_id, length),
        _wallet(organization_id, length, tell),
        _refusals(organization_id, length),
        _payments(organization_id, length, tell),
        _purchases(organization_id, length, tell),
        _returned(Refund, "Refund", organization_id, length, tell),
        _returned(Dispute, "Dispute", organization_id, length, tell),
        _documents(organization_id, length, tell),
        _subscriptions(organization_id, length),
        _letters(organization_id, length),
        _trail(organization_id, length),
    )
    found = sorted(chain(*sources), key=lambda one: one.at, reverse=True)[:length]
    return tuple(found if with_money else map(_without_money_rows, found))


def _without_money_rows(one: Happening) -> Happening:
    """A link that would be refused is none."""
    is_money = any(f"/{row.replace('.', '/')}/" in one.url for row in MONEY_ROWS)
    return replace(one, url="") if is_money else one


def _shown(amount: Decimal, currency: str) -> str:
    return money.shown(amount, currency)


def _hidden(amount: Decimal, currency: str) -> str:
    return f"some {currency}"


def _minutes(organization_id: UUID, length: int) -> Iterator[Happening]:
    rows = MinuteTransaction.objects.filter(organization_id=organization_id)
    for row in rows.exclude(kind="usage").order_by("-id")[:length]:
        changes = []
        if row.credit_change:
            changes.append(
                f"{row.credit_change:+,} credit minutes, then {row.credit_after:,}"
            )
        if row.used_change:
            changes.append(f"{row.used_change:+,} minutes used, then {row.used_after:,}")
        yield Happening(
            row.created_at,
            row.get_kind_display(),
            "; ".join(changes) or "no change",
            row.reason,
            _row("metering_minutetransaction", row.pk),
            row.reference if row.kind == "adjustment" else "",
        )


def _wallet(organization_id: UUID, length: int, tell: Tell) -> Iterator[Happening]:
    rows = WalletTransaction.objects.filter(organization_id=organization_id)
    for row in rows.exclude(kind="usage").order_by("-id")[:length]:
        sign = "+" if row.amount > 0 else ""
        yield Happening(
            row.created_at,
            row.get_kind_display(),
            f"wallet {sign}{tell(row.amount, row.currency)},"
            f" then {tell(row.balance_after, row.currency)}",
            row.reason,
            _row("metering_wallettransaction", row.pk),
            row.reference if row.kind == "adjustment" else "",
        )


def _refusals(organization_id: UUID, length: int) -> Iterator[Happening]:
    """One line per day (UTC) and reason: on a bad day there are hundreds."""
    rows = (
        Decision.objects.filter(organization_id=organization_id, result="refused")
        .annotate(day=TruncDay("created_at", tzinfo=UTC))
        .values("day", "rule")
        .annotate(count=Count("pk"), last_at=Max("created_at"), last=Max("pk"))
        .order_by("-day", "rule")
    )
    for row in rows[:length]:
        many = row["count"] > 1
        yield Happening(
            row["last_at"],
            "Calls refused" if many else "Call refused",
            row["rule"].replace("_", " ") + (f", {row['count']:,} times" if many else ""),
            "",
            _row("metering_decision", row["last"]),
        )


def _payments(organization_id: UUID, length: int, tell: Tell) -> Iterator[Happening]:
    rows = Payment.objects.filter(organization_id=organization_id)
    for row in rows.order_by("-paid_at")[:length]:
        yield Happening(
            row.paid_at,
            "Payment",
            f"{tell(row.amount, row.currency)} by {row.provider}",
            "",
            reverse("adminpanel:payment", args=[row.pk]) if tell is _shown else "",
        )


def _purchases(organization_id: UUID, length: int, tell: Tell) -> Iterator[Happening]:
    rows = Purchase.objects.filter(organization_id=organization_id)
    for row in rows.order_by("-created_at")[:length]:
        yield Happening(
            row.created_at,
            "Purchase",
            f"{row.minutes:,} minutes for {tell(row.price, row.currency)}: {row.state}",
            "",
            _row("billing_purchase", row.pk),
        )


def _returned(
    model: type[Refund] | type[Dispute],
    kind: str,
    organization_id: UUID,
    length: int,
    tell: Tell,
) -> Iterator[Happening]:
    rows = model.objects.filter(organization_id=organization_id)
    for row in rows.order_by("-created_at")[:length]:
        yield Happening(
            row.created_at,
            kind,
            f"{tell(row.amount, row.currency)}: {row.status.replace('_', ' ')}",
            row.reason,
            _row(f"billing_{model._meta.model_name}", row.pk),
        )


def _documents(organization_id: UUID, length: int, tell: Tell) -> Iterator[Happening]:
    rows = Document.objects.filter(organization_id=organization_id)
    for row in rows.order_by("-issued_at")[:length]:
        yield Happening(
            row.issued_at,
            row.get_kind_display(),
            f"{row.number} over {tell(row.total, row.currency)}: {row.get_state_display()}",
            "",
            _row("billing_document", row.pk),
        )


def _subscriptions(organization_id: UUID, length: int) -> Iterator[Happening]:
    rows = Subscription.objects.filter(organization_id=organization_id)
    for row in rows.select_related("plan").order_by("-created_at")[:length]:
        place = _row("billing_subscription", row.pk)
        plan = f"{row.plan.code}, {row.billing_period}, {row.status.replace('_', ' ')}"
        yield Happening(row.created_at, "Subscription", plan, "", place)
        if row.canceled_at:
            yield Happening(row.canceled_at, "Canceled", row.plan.code, "", place)
        if row.ended_at:
            yield Happening(row.ended_at, "Subscription ended", row.plan.code, "", place)


def _letters(organization_id: UUID, length: int) -> Iterator[Happening]:
    rows = Letter.objects.filter(organization_id=organization_id)
    for row in rows.defer("words").order_by("-created_at")[:length]:
        yield Happening(
            row.created_at,
            "Letter",
            f"{row.get_kind_display().replace('_', ' ').lower()}: {row.state}",
            "",
            reverse("adminpanel:letter", args=[row.pk]),
        )


def _trail(organization_id: UUID, length: int) -> Iterator[Happening]:
    rows = AuditEntry.objects.filter(organization_id=organization_id)
    rows = rows.select_related("actor")
    for row in rows.exclude(action__endswith=".adjusted").order_by("-id")[:length]:
        yield Happening(
            row.created_at,
            row.action.replace(".", " "),
            f"by {row.actor or row.actor_label}",
            "",
            _row("accounts_auditentry", row.pk),
        )


def _row(model: str, pk: object) -> str:
    return reverse(f"admin:{model}_change", args=[pk])
