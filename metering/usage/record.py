"""Usage is recorded here, of every meter but the minutes of calls.

A batch is one transaction with a constant number of statements: the allowance is locked, each
use is rated in memory, and events, sums and money are written together. Each key counts once
per organization, so a batch that was cut off is simply sent again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from accounts import settings_history
from accounts.models import Organization
from metering.balances import ledger, top_ups_due
from metering.errors import NoBalances
from metering.models import BillingCycle, Rate, UsageEvent
from metering.usage import writing
from metering.usage.admission import WALLET_EMPTY
from metering.usage.batch import Batch
from metering.usage.errors import BadEvent, UnknownEvent, UsageError
from metering.usage.events import QUANTITY_MAX, Recorded, Use

BATCH_MAX = 1000
ONE = Decimal(1)
KEY_LENGTH_MAX = 200
# Clocks differ: what claims to be this little ahead is taken as now.
CLOCKS_DIFFER_BY = timedelta(seconds=60)
# 16 bit at 8 kHz.
TELEPHONE_BYTES_PER_SECOND = 16_000
# Names that the settling of calls and we ourselves give.
_RESERVED = ("call:", "_")
_SIXTH_PLACE = Decimal("0.000001")
METERS = frozenset(Rate.Meter.values) - {Rate.Meter.VOICE_MINUTE}


def record_api_call(
    organization: Organization, *, key: str, now: datetime, calls: int = 1, **fields: Any
) -> Recorded:
    """Record calls of an API. Raises UsageError; `fields` are further ones of `Use`."""
    return _one(organization, "api_call", Decimal(calls), key, now, fields)


def record_ai_query(
    organization: Organization, *, key: str, now: datetime, queries: int = 1, **fields: Any
) -> Recorded:
    """Record queries to a model. Raises UsageError."""
    return _one(organization, "ai_query", Decimal(queries), key, now, fields)


def record_storage(
    organization: Organization,
    *,
    key: str,
    now: datetime,
    megabytes: Decimal,
    **fields: Any,
) -> Recorded:
    """Record megabytes that were stored. Raises UsageError."""
    return _one(organization, "storage_mb", megabytes, key, now, fields)


def record_voice_minutes(
    organization: Organization,
    *,
    key: str,
    now: datetime,
    minutes: Decimal | None = None,
    audio_bytes: int | None = None,
    bytes_per_second: int = TELEPHONE_BYTES_PER_SECOND,
    **fields: Any,
) -> Recorded:
    """Record minutes that a system measured itself, or the size of its audio (then flagged
    as estimated; by default what telephones carry).

    Never touches the minutes of calls: those come from reports alone. Raises UsageError,
    ValueError unless exactly one measure is given.
    """
    if (minutes is None) == (audio_bytes is None):
        raise ValueError("give either minutes or audio_bytes")
    if minutes is None:
        minutes = minutes_of_audio(audio_bytes or 0, bytes_per_second)
        fields["is_estimated"] = True
    return _one(organization, "reported_minute", minutes, key, now, fields)


def minutes_of_audio(
    audio_bytes: int, bytes_per_second: int = TELEPHONE_BYTES_PER_SECOND
) -> Decimal:
    """How long audio of that size lasts, in minutes of six places."""
    minutes = Decimal(audio_bytes) / (60 * bytes_per_second)
    return minutes.quantize(_SIXTH_PLACE, ROUND_HALF_UP)


def void(
    organization: Organization, *, key: str, now: datetime, reason: str = ""
) -> Recorded:
    """Take an event back, with its money; a second time changes nothing. Raises UsageError
    for an unknown event, or one that a call made."""
    use = Use(
        meter="",
        quantity=Decimal(0),
        key=f"_void:{key}",
        corrects=key,
        is_void=True,
        is_fact=True,
        metadata={"reason": reason} if reason else {},
    )
    return _demanded(record(organization, [use], now=now)[0])


def record(
    organization: Organization, uses: Sequence[Use], *, now: datetime
) -> list[Recorded]:
    """Record a batch in order; each use is recorded, was already, or is refused by itself.

    Raises ValueError for more than `BATCH_MAX`, NoBalances, `django.db.Error`; then nothing
    has happened.
    """
    if len(uses) > BATCH_MAX:
        raise ValueError(f"a batch is of at most {BATCH_MAX} events")
    days = settings_history.value_at("late_usage_days", organization, now)
    refused = {
        number: error
        for number, use in enumerate(uses)
        if (error := _wrong(use, now, timedelta(days=days)))
    }
    sound = [use for number, use in enumerate(uses) if number not in refused]
    try:
        done = iter(_write(organization, sound, now) if sound else [])
    except ledger.UnknownOrganization as error:
        raise NoBalances from error
    return [
        Recorded(use.key, "refused", error=refused[number])
        if number in refused
        else next(done)
        for number, use in enumerate(uses)
    ]


def _write(organization: Organization, uses: list[Use], now: datetime) -> list[Recorded]:
    targets = {use.corrects for use in uses if use.corrects}
    cycles = _cycles_of(organization, uses, targets, now)
    with ledger.opened([organization.pk], now=now, cycles=cycles) as books:
        # The status is read after the lock: a suspension holds from its commit on.
        status = Organization.objects.values_list("status", flat=True).get(
            pk=organization.pk
        )
        batch = Batch(
            books[organization.pk],
            status=status,
            now=now,
            known=writing.events_by_key(organization.pk, uses),
        )
        recorded = [batch.take(use) for use in uses]
        writing.write(batch.book, batch.events, now=now)
        _tell_of_low_wallet(batch, recorded)
    return recorded


def _tell_of_low_wallet(batch: Batch, recorded: list[Recorded]) -> None:
    """Whoever fills the wallet is told, as by the gate, of what it could not pay and of what
    took it under the threshold."""
    refused = [one for one in recorded if one.error and one.error.code == WALLET_EMPTY]
    charged = [event for event in batch.events if event.total > 0]
    if refused or charged:
        top_ups_due.tell(
            batch.book,
            reference=refused[0].key if refused else charged[-1].key,
            is_refused=bool(refused),
            now=batch.now,
        )


def _one(
    organization: Organization,
    meter: str,
    quantity: Decimal,
    key: str,
    now: datetime,
    fields: dict[str, Any],
) -> Recorded:
    use = Use(meter=meter, quantity=quantity, key=key, **fields)
    return _demanded(record(organization, [use], now=now)[0])


def _demanded(recorded: Recorded) -> Recorded:
    if recorded.error is not None:
        raise recorded.error
    return recorded


def _wrong(use: Use, now: datetime, oldest: timedelta) -> UsageError | None:
    """What no book needs to be opened for."""
    if use.is_void:
        is_sound = len(use.corrects) <= KEY_LENGTH_MAX and "\0" not in use.corrects
        return None if is_sound else UnknownEvent()
    if not use.key or len(use.key) > KEY_LENGTH_MAX:
        return BadEvent(f"An idempotency key has 1 to {KEY_LENGTH_MAX} characters.")
    if use.key.startswith(_RESERVED) and not use.is_own:
        return BadEvent('Keys that begin with "call:" or "_" are taken.')
    if use.meter not in METERS:
        return BadEvent("There is no such event type.")
    if wrong := _wrong_quantity(use):
        return BadEvent(wrong)
    if use.occurred_at is None:
        return None
    if use.occurred_at > now + CLOCKS_DIFFER_BY:
        return BadEvent("What lies in the future cannot have been used.")
    if use.occurred_at < now - oldest:
        return BadEvent(f"Usage is accepted for {oldest.days} days, not later.")
    return None


def _wrong_quantity(use: Use) -> str:
    quantity = use.quantity
    if not quantity.is_finite() or abs(quantity) > QUANTITY_MAX:
        return f"A quantity is at most {QUANTITY_MAX:,}."
    if quantity != quantity.quantize(_SIXTH_PLACE):
        return "A quantity has at most 6 decimals."
    if quantity < 0 or (quantity == 0 and not use.corrects):
        return "A quantity is more than 0."
    return ""


def _cycles_of(
    organization: Organization, uses: list[Use], targets: set[str], now: datetime
) -> list[Any]:
    """The cycles that the uses belong to: by their moments, or as what they correct."""
    moments = [use.occurred_at for use in uses if use.occurred_at and not use.corrects]
    cycles = list(
        UsageEvent.objects.filter(
            organization=organization, idempotency_key__in=targets
        ).values_list("cycle_id", flat=True)
        if targets
        else []
    )
    if moments:
        cycles += BillingCycle.objects.filter(
            organization=organization,
            ends_at__gt=min(moments),
            starts_at__lte=max(moments),
        ).values_list("id", flat=True)
    return [cycle for cycle in cycles if cycle]
