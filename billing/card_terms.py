"""The terms of rate cards as the catalogue writes them, and the cards that have them."""

import re
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from billing.catalogue import CardTerms, RateTerms
from metering import rating
from metering.balances import cards
from metering.models import Rate, RateCard

# Of terms that no card was made of.
NO_CARD = UUID(int=0)


def with_terms(code: str, terms: CardTerms) -> tuple[RateCard, bool]:
    """Return the newest card of a code if it has these terms, else the next one, made for
    them; and whether it had to be made. Cards never change."""
    newest = _newest(code)
    if newest is not None and of_card(newest) == normal(terms):
        return newest, False
    version = 1 if newest is None else int(newest.code.rsplit("-", 1)[1]) + 1
    return _make(code, version, terms), True


def of_card(card: RateCard) -> CardTerms:
    return CardTerms(
        when_exhausted=card.when_exhausted,
        currency=card.currency,
        included_minutes=card.included_minutes,
        overage_limit_minutes=card.overage_limit_minutes,
        postpaid_limit_amount=text(card.postpaid_limit_amount),
        increment_seconds=(card.increment_first_seconds, card.increment_step_seconds),
        rates=tuple(
            RateTerms(
                meter=rate.meter,
                unit_price=text(rate.unit_price),
                tiers=tuple(rate.tiers or ()),
                included_quantity=text(rate.included_quantity),
                quota_limit=text(rate.quota_limit),
            )
            for rate in card.rates.order_by("id")
        ),
        grace_minutes=card.grace_minutes,
        call_minutes_max=card.call_minutes_max,
        slice_minutes=card.slice_minutes,
        calls_at_once_max=card.calls_at_once_max,
    )


def normal(terms: CardTerms) -> CardTerms:
    """Return the terms with their amounts written as the database's are read."""
    return replace(
        terms,
        postpaid_limit_amount=plain(terms.postpaid_limit_amount),
        rates=tuple(
            replace(
                rate,
                unit_price=plain(rate.unit_price),
                included_quantity=plain(rate.included_quantity),
                quota_limit=plain(rate.quota_limit),
            )
            for rate in terms.rates
        ),
    )


def plain(amount: str | None) -> str | None:
    return text(decimal(amount))


def decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def text(value: Decimal | None) -> str | None:
    """Return the decimal as the catalogue writes it, without the database's trailing zeros."""
    return None if value is None else f"{value.normalize():f}"


def _newest(code: str) -> RateCard | None:
    cards = RateCard.objects.filter(code__regex=rf"^{re.escape(code)}-[0-9]+$")
    return max(cards, key=lambda card: int(card.code.rsplit("-", 1)[1]), default=None)


def _make(code: str, version: int, terms: CardTerms) -> RateCard:
    first, step = terms.increment_seconds
    card = RateCard.objects.create(
        code=f"{code}-{version}",
        included_minutes=terms.included_minutes,
        when_exhausted=terms.when_exhausted,
        overage_limit_minutes=terms.overage_limit_minutes,
        postpaid_limit_amount=decimal(terms.postpaid_limit_amount),
        increment_first_seconds=first,
        increment_step_seconds=step,
        currency=terms.currency,
        grace_minutes=terms.grace_minutes,
        call_minutes_max=terms.call_minutes_max,
        slice_minutes=terms.slice_minutes,
        calls_at_once_max=terms.calls_at_once_max,
    )
    Rate.objects.bulk_create(
        Rate(
            rate_card=card,
            meter=rate.meter,
            unit_price=decimal(rate.unit_price),
            tiers=list(rate.tiers) or None,
            included_quantity=decimal(rate.included_quantity),
            quota_limit=decimal(rate.quota_limit),
        )
        for rate in terms.rates
    )
    return card


def as_card(code: str, terms: CardTerms) -> rating.Card:
    """Return the terms as the pure code sees a card, whether or not one was made of them."""
    first, step = terms.increment_seconds
    voice = [rate for rate in terms.rates if rate.meter == Rate.Meter.VOICE_MINUTE]
    return rating.Card(
        id=NO_CARD,
        code=code,
        when_exhausted=terms.when_exhausted,
        included_minutes=terms.included_minutes,
        currency=terms.currency,
        tiers=tuple(tier for rate in voice for tier in cards.tiers_of(_row(rate))),
        overage_limit_minutes=terms.overage_limit_minutes or 0,
        postpaid_limit_amount=decimal(terms.postpaid_limit_amount) or Decimal(0),
        grace_minutes=terms.grace_minutes,
        call_minutes_max=terms.call_minutes_max,
        slice_minutes=terms.slice_minutes,
        calls_at_once_max=terms.calls_at_once_max,
        increment_first_seconds=first,
        increment_step_seconds=step,
    )


def _row(rate: RateTerms) -> Rate:
    return Rate(unit_price=decimal(rate.unit_price), tiers=list(rate.tiers) or None)
