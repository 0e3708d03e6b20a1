"""Rate cards as the pure code sees them. Cards never change, so each is read once."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from metering import rating
from metering.balances.models import Rate, RateCard
from metering.quantities import MeterRate, QuantityTier

_known: dict[UUID, rating.Card] = {}


def get(card_ids: Iterable[UUID]) -> dict[UUID, rating.Card]:
    """Return the cards by id; one query for those this process has not seen."""
    wanted = set(card_ids)
    missing = wanted - _known.keys()
    if missing:
        for row in RateCard.objects.filter(id__in=missing).prefetch_related("rates"):
            _known[row.id] = from_row(row)
    return {card_id: _known[card_id] for card_id in wanted}


def from_row(row: RateCard) -> rating.Card:
    voice = [rate for rate in row.rates.all() if rate.meter == Rate.Meter.VOICE_MINUTE]
    return rating.Card(
        id=row.id,
        code=row.code,
        when_exhausted=row.when_exhausted,
        included_minutes=row.included_minutes,
        currency=row.currency,
        tiers=tiers_of(voice[0]) if voice else (),
        overage_limit_minutes=row.overage_limit_minutes or 0,
        postpaid_limit_amount=row.postpaid_limit_amount or Decimal(0),
        grace_minutes=row.grace_minutes,
        call_minutes_max=row.call_minutes_max,
        slice_minutes=row.slice_minutes,
        calls_at_once_max=row.calls_at_once_max,
        increment_first_seconds=row.increment_first_seconds,
        increment_step_seconds=row.increment_step_seconds,
        meters={
            rate.meter: meter_rate(rate)
            for rate in row.rates.all()
            if rate.meter != Rate.Meter.VOICE_MINUTE and not rate.direction
        },
    )


def meter_rate(rate: Rate) -> MeterRate:
    """Return what a card says of a meter other than the minutes of calls."""
    tiers = rate.tiers or [{"up_to": None, "unit_price": rate.unit_price}]
    return MeterRate(
        meter=rate.meter,
        included=rate.included_quantity or Decimal(0),
        quota_limit=rate.quota_limit,
        tiers=tuple(
            QuantityTier(
                up_to=None if tier["up_to"] is None else Decimal(str(tier["up_to"])),
                unit_price=Decimal(str(tier["unit_price"])),
            )
            for tier in tiers
        ),
    )


def tiers_of(rate: Rate) -> tuple[rating.Tier, ...]:
    if rate.unit_price is not None:
        return (rating.Tier(None, rate.unit_price),)
    return tuple(
        rating.Tier(tier["up_to"], Decimal(tier["unit_price"])) for tier in rate.tiers or []
    )
