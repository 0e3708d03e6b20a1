"""Giving a call that nobody owns to an organization, once, by the way every call is charged."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from metering.calls import settle, statuses, unmatched
from metering.calls.numbers import MappingRefused
from metering.models import Allowance, Call, InboundMessage, Wallet
from metering.providers.base import CallReport

REASON_LENGTH_MIN = 3


@dataclass(frozen=True, slots=True)
class Standing:
    minutes_used: int
    credit_minutes: int
    wallet: Decimal


@dataclass(frozen=True, slots=True)
class Assigned:
    """What became of the call, and how the balances stood before and after. `call` is None
    where only a status is known and nothing is charged yet."""

    outcome: str
    call: Call | None
    before: Standing
    after: Standing


@transaction.atomic
def assign(
    provider: str,
    call_id: str,
    *,
    organization: Organization,
    reason: str,
    actor: Actor,
    now: datetime,
    dry_run: bool = False,
) -> Assigned:
    """Give a call to an organization and charge it as if its report came now.

    It happens once: a call that has an owner stays with them. Raises `MappingRefused` where
    nothing is to be assigned, without a reason, or for an organization without balances. A
    dry run returns the effect and keeps nothing.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise MappingRefused("Say why this call is theirs.")
    with connection.cursor() as cursor:
        # Two who assign the same call at the same moment must not charge two organizations,
        # nor must this and a message of the call whose number was mapped just now:
        # `settle` and `statuses` take the lock as well, shared among them.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{provider}:{call_id}"],
        )
    rows = unmatched.rows_of([call_id]).filter(provider=provider)
    calls = Call.objects.filter(provider=provider, provider_call_id=call_id)
    if not rows.exists() or calls.exists():
        raise MappingRefused("This call has an owner, or nothing of it is kept.")
    before = _standing(organization)
    outcome = _settle(list(rows), organization, now)
    done = Assigned(outcome, calls.first(), before, _standing(organization))
    audit.record(
        organization=organization,
        actor=actor,
        action="call.assigned",
        detail={"provider_call_id": call_id, "reason": reason.strip(), "outcome": outcome},
        now=now,
    )
    if dry_run:
        transaction.set_rollback(True)
    return done


def _settle(rows: list[InboundMessage], organization: Organization, now: datetime) -> str:
    """Process a call's messages as those of that organization; returns the first outcome."""
    outcomes = []
    # Reports first: what has ended already needs no hold.
    for row in sorted(rows, key=lambda one: (one.kind, one.pk)):
        meaning = unmatched.meaning_of(row)
        if meaning is None:
            continue
        ref = replace(meaning.ref, trusted_organization_id=organization.pk)
        if isinstance(meaning, CallReport):
            outcomes += [settle.settle([replace(meaning, ref=ref)], now=now)[0].outcome]
        else:
            outcomes += [statuses.apply(replace(meaning, ref=ref), now=now)]
    if not outcomes or outcomes[0] == "unmatched":
        raise MappingRefused("Nothing of this call can be charged to that organization.")
    return outcomes[0]


def _standing(organization: Organization) -> Standing:
    """Raises `MappingRefused` for an organization without balances."""
    allowance = Allowance.objects.filter(organization=organization).first()
    wallet = Wallet.objects.filter(organization=organization).first()
    if allowance is None or wallet is None:
        raise MappingRefused(f"{organization} has no balances yet.")
    return Standing(
        minutes_used=allowance.minutes_used_this_cycle,
        credit_minutes=allowance.credit_minutes,
        wallet=wallet.balance,
    )
