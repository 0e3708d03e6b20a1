"""Corrections by hand: a ledger row and an audit row, together or not at all."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization, User
from metering.balances import ledger
from metering.balances.ledger_models import MinuteTransaction, WalletTransaction
from metering.balances.models import Allowance
from servicebilling.lib import money
from servicebilling.lib.ids import new_id

Counter = Literal["credit_minutes", "minutes_used", "wallet"]

REASON_LENGTH_MIN = 3
# More is a slip of the keyboard.
MINUTES_MAX = 1_000_000
AMOUNT_MAX = Decimal(1_000_000_000)
PREFIX = "adjustment:"
REVERSAL = "reversal:"


@dataclass(frozen=True, slots=True)
class Counters:
    credit_minutes: int
    minutes_used_this_cycle: int
    wallet: Decimal


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The counters before and after, and the reference of the ledger row. `is_repeated`: the
    same adjustment had been made before, and nothing happened now."""

    reference: str
    before: Counters
    after: Counters
    is_repeated: bool = False


@transaction.atomic
def adjust(
    counter: Counter,
    change: Decimal | int,
    *,
    organization: Organization,
    reason: str,
    actor: Actor,
    now: datetime,
    adjustment_id: UUID | None = None,
    dry_run: bool = False,
) -> Adjusted:
    """Change one counter by a signed number of minutes, or amount of the wallet's currency.

    With an `adjustment_id` it happens once, however often it is asked for. Raises
    `NotAvailable` for taking more than is free, `LedgerError` without a reason or for a
    change of nothing. A dry run returns the effect and keeps nothing.
    """
    done = _adjust(
        counter,
        change,
        organization,
        reference=f"{PREFIX}{adjustment_id or new_id()}",
        reason=reason,
        actor=actor,
        now=now,
    )
    if dry_run:
        transaction.set_rollback(True)
    return done


@transaction.atomic
def reverse(
    reference: str, *, organization: Organization, reason: str, actor: Actor, now: datetime
) -> Adjusted:
    """Take an adjustment back by an opposite one, once. Raises `LedgerError` if there is no
    such adjustment, `NotAvailable` if what it gave was spent since."""
    counter, change = change_of(reference, organization=organization)
    return _adjust(
        counter,
        -change,
        organization,
        reference=f"{REVERSAL}{reference}",
        reason=reason,
        actor=actor,
        now=now,
    )


def change_of(
    reference: str, *, organization: Organization
) -> tuple[Counter, Decimal | int]:
    """Return what an adjustment changed, and by how much. Raises `LedgerError`."""
    which = {"organization": organization, "reference": reference, "kind": "adjustment"}
    if minutes := MinuteTransaction.objects.filter(**which).first():
        if minutes.credit_change and not minutes.used_change:
            return "credit_minutes", minutes.credit_change
        return "minutes_used", minutes.used_change
    if wallet := WalletTransaction.objects.filter(**which).first():
        return "wallet", wallet.amount
    raise ledger.LedgerError("There is no such adjustment.")


def counters_of(organization: Organization) -> Counters:
    """Return what can be adjusted, as it stands. Raises `UnknownOrganization`."""
    rows = Allowance.objects.select_related("organization__wallet")
    allowance = rows.filter(organization=organization).first()
    if allowance is None:
        raise ledger.UnknownOrganization("This organization has no balances yet.")
    return Counters(
        credit_minutes=allowance.credit_minutes,
        minutes_used_this_cycle=allowance.minutes_used_this_cycle,
        wallet=allowance.organization.wallet.balance,
    )


def _adjust(
    counter: Counter,
    change: Decimal | int,
    organization: Organization,
    *,
    reference: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Adjusted:
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ledger.LedgerError("An adjustment needs a reason.")
    _check_size(counter, change)
    with ledger.opened_one(organization.pk, now=now):
        # From here on the row is ours: nothing else moves the counters meanwhile.
        pass
    before = counters_of(organization)
    if _is_made(organization, reference):
        return Adjusted(reference, before, before, is_repeated=True)
    _post(
        counter,
        change,
        organization,
        reference=reference,
        reason=reason,
        actor=actor,
        now=now,
    )
    audit.record(
        organization=organization,
        actor=actor,
        action="wallet.adjusted" if counter == "wallet" else "minutes.adjusted",
        detail={counter: str(change), "reference": reference},
        now=now,
    )
    return Adjusted(reference, before, counters_of(organization))


def _check_size(counter: Counter, change: Decimal | int) -> None:
    if change == 0:
        raise ledger.LedgerError("A change of nothing is no adjustment.")
    if counter == "wallet":
        if abs(money.amount(change)) > AMOUNT_MAX:
            raise ledger.LedgerError(f"An adjustment is of at most {AMOUNT_MAX:,}.")
    elif not isinstance(change, int):
        raise ledger.LedgerError("Minutes are adjusted by whole minutes.")
    elif abs(change) > MINUTES_MAX:
        raise ledger.LedgerError(f"An adjustment is of at most {MINUTES_MAX:,} minutes.")


def _is_made(organization: Organization, reference: str) -> bool:
    return any(
        model.objects.filter(organization=organization, reference=reference).exists()
        for model in (MinuteTransaction, WalletTransaction)
    )


def _post(
    counter: Counter,
    change: Decimal | int,
    organization: Organization,
    *,
    reference: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    actor_id = actor.pk if isinstance(actor, User) else None
    if counter == "wallet":
        post = ledger.move_money if change > 0 else ledger.spend_money
        post(
            organization_id=organization.pk,
            amount=abs(Decimal(change)),
            kind="adjustment",
            reference=reference,
            reason=reason,
            now=now,
            actor_id=actor_id,
        )
        return
    post_minutes = (
        ledger.adjust_credit if counter == "credit_minutes" else ledger.adjust_used
    )
    post_minutes(
        organization_id=organization.pk,
        minutes=int(change),
        reference=reference,
        reason=reason,
        now=now,
        actor_id=actor_id,
    )
