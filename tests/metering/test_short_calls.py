"""Ten thousand short calls from a wallet: none talks for free, and the parts are the whole."""

import random
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from metering import rating
from metering.rating import CAP_SLACK_SECONDS, LATE_END_SECONDS, Card, Tier
from tests.factories import metering as make
from tests.metering.conftest import NOW
from tests.metering.story import begin

CALLS = 10_000
# As docs/architecture.md prints it, for any number of calls.
ROUNDING_MAX = Fraction(1, 2_000_000)


def card_of(*tiers: tuple[int | None, str]) -> Card:
    return Card(
        id=UUID(int=1),
        code="short",
        when_exhausted=rating.WALLET,
        included_minutes=0,
        currency="USD",
        tiers=tuple(Tier(up_to, Decimal(unit)) for up_to, unit in tiers),
        increment_first_seconds=1,
        increment_step_seconds=1,
    )


def exactly(seconds: int, card: Card) -> Fraction:
    """The price without any rounding, second by second."""
    total, second = Fraction(0), 0
    for tier in card.tiers:
        end = seconds if tier.up_to_minutes is None else 60 * tier.up_to_minutes
        here = max(0, min(seconds, end) - second)
        total += here * Fraction(tier.unit_price) / 60
        second += here
    return total


@pytest.mark.parametrize(
    "card",
    [
        card_of((None, "0.10")),
        card_of((None, "150")),
        card_of((1, "0.31"), (500, "0.07"), (None, "0.000123")),
    ],
    ids=["dollars", "naira", "tiers"],
)
def test_short_calls_are_never_free_and_rounding_stays_within_its_bound(card):
    lengths = random.Random(7)
    position, charged = 0, Decimal(0)
    for _ in range(CALLS):
        seconds = rating.billed_seconds(lengths.randint(1, 3), card)
        cost = rating.price(position + seconds, card) - rating.price(position, card)
        position += seconds
        charged += cost
        assert cost > 0
        assert abs(Fraction(charged) - exactly(position, card)) <= ROUNDING_MAX
    assert charged == rating.price(position, card)


@pytest.mark.django_db
def test_calls_drain_a_wallet_to_less_than_a_minute_and_the_next_is_refused():
    """At 10 cents a minute, 25 cents are two minutes; each call ends by its cap, or as late
    after it as the provider's timer may."""
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price="0.10", increments=(1, 1)
    )
    story = begin(NOW, card, wallet="0.25")
    ref, answer = story.ask()
    assert answer.seconds_max == 2 * 60 - CAP_SLACK_SECONDS
    refused, other = story.ask()
    assert not other.admitted, "the balance is promised to the running call"
    late = answer.seconds_max + CAP_SLACK_SECONDS + LATE_END_SECONDS
    story.report(ref, late, started_at=story.now)
    assert story.wallet == Decimal("0.05")
    assert not story.call(ref).flags
    _, third = story.ask()
    assert (third.admitted, third.rule) == (False, "wallet_empty")
