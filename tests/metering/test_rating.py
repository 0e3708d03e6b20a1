"""How long a call is billed, what it costs, and how much may be granted. No database."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering import rating
from metering.rating import Card, Funds, Tier

QUICK = settings(max_examples=150, derandomize=True, database=None, deadline=None)

GRADUATED = (
    Tier(500, Decimal("0.06")),
    Tier(2000, Decimal("0.04")),
    Tier(None, Decimal("0.02")),
)


def card_of(
    when_exhausted: str = "wallet",
    *,
    price: str | None = "0.10",
    tiers: tuple[Tier, ...] = (),
    increments: tuple[int, int] = (60, 60),
    **terms,
) -> Card:
    if not tiers and price is not None:
        tiers = (Tier(None, Decimal(price)),)
    return Card(
        id=uuid4(),
        code="test",
        when_exhausted=when_exhausted,
        included_minutes=0,
        currency="USD",
        tiers=tiers,
        increment_first_seconds=increments[0],
        increment_step_seconds=increments[1],
        **terms,
    )


prices = st.decimals("0.000001", "3", places=6)


@st.composite
def tier_lists(draw) -> tuple[Tier, ...]:
    ends = draw(st.lists(st.integers(1, 300), max_size=3, unique=True).map(sorted))
    return tuple(Tier(end, draw(prices)) for end in [*ends, None])


cards = st.builds(
    lambda tiers, increments: card_of(tiers=tiers, increments=increments),
    tier_lists(),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
)


# Seconds and minutes


@pytest.mark.parametrize(
    ("increments", "talked", "billed"),
    [
        ((60, 60), 0, 0),
        ((60, 60), 1, 60),
        ((60, 60), 60, 60),
        ((60, 60), 61, 120),
        ((60, 60), 120, 120),
        ((60, 60), 121, 180),
        ((1, 1), 1, 1),
        ((1, 1), 61, 61),
        ((30, 6), 1, 30),
        ((30, 6), 30, 30),
        ((30, 6), 31, 36),
        ((30, 6), 36, 36),
        ((30, 6), 37, 42),
    ],
)
def test_talk_time_is_rounded_up_to_the_increments(increments, talked, billed):
    assert rating.billed_seconds(talked, card_of(increments=increments)) == billed


def test_61_seconds_by_the_minute_are_two_minutes():
    assert rating.minutes_of(rating.billed_seconds(61, card_of())) == 2


def test_silence_and_nonsense_cost_nothing():
    assert rating.billed_seconds(0, card_of()) == 0
    assert rating.billed_seconds(-5, card_of()) == 0
    assert rating.minutes_of(0) == 0


@QUICK
@given(cards, st.integers(1, 100_000))
def test_nobody_is_billed_less_than_they_talked_nor_a_step_more(card, talked):
    billed = rating.billed_seconds(talked, card)
    step = max(card.increment_first_seconds, card.increment_step_seconds)
    assert talked <= billed < talked + step


# The cap and the hold


@pytest.mark.parametrize("minutes", [1, 2, 14, 600])
def test_the_cap_lies_below_the_hold_and_names_it(minutes):
    assert rating.seconds_max(minutes) == 60 * minutes - 5
    assert rating.minutes_granted(rating.seconds_max(minutes)) == minutes


def test_a_call_within_half_a_minute_of_its_hold_bills_the_hold():
    assert rating.within_hold(180 + 30, rating.seconds_max(3))
    assert not rating.within_hold(180 + 31, rating.seconds_max(3))


def test_the_least_grant_is_longer_than_the_provider_demands():
    assert rating.seconds_max(1) >= rating.CALL_SECONDS_MIN


@pytest.mark.parametrize(
    ("free", "granted"),
    [
        (-3, 0),
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (12, 3),
        (13, 4),
        (56, 14),
        (57, 14),
        (9999, 14),
    ],
)
def test_a_grant_is_a_quarter_of_what_is_free_but_a_useful_slice(free, granted):
    assert rating.grant(free, card_of()) == granted


def test_a_grant_is_never_longer_than_a_call_may_be():
    assert rating.grant(100, card_of(call_minutes_max=2)) == 2


@QUICK
@given(st.integers(-50, 5000), st.integers(1, 30), st.integers(1, 10))
def test_no_grant_exceeds_what_is_free(free, longest, useful):
    card = card_of(call_minutes_max=longest, slice_minutes=useful)
    granted = rating.grant(free, card)
    assert 0 <= granted <= max(free, 0)
    assert (granted > 0) == (free > 0)


# Prices


@pytest.mark.parametrize(
    ("minutes", "price"),
    [
        (0, "0"),
        (1, "0.06"),
        (499, "29.94"),
        (500, "30.00"),
        (501, "30.04"),
        (2000, "90.00"),
        (2001, "90.02"),
    ],
)
def test_tiers_are_graduated(minutes, price):
    assert rating.price(60 * minutes, card_of(tiers=GRADUATED)) == Decimal(price)


def test_a_second_at_a_tier_boundary_costs_what_its_own_tier_says():
    card = card_of(tiers=GRADUATED)
    last, next_ = (rating.price(500 * 60 + s, card) for s in (0, 1))
    assert next_ - last == Decimal("0.000667")
    before = rating.price(500 * 60 - 1, card)
    assert last - before == Decimal("0.001000")


def test_beyond_a_last_tier_that_ends_its_price_goes_on():
    card = card_of(tiers=(Tier(1, Decimal("1")), Tier(2, Decimal("0.5"))))
    assert rating.price(5 * 60, card) == Decimal("3.0")


def test_without_a_price_minutes_are_free():
    assert rating.price(600, card_of(price=None)) == 0


def test_halves_are_rounded_up_at_the_sixth_place():
    # Three seconds of 0.00001 a minute are 0.0000005.
    card = card_of(price="0.00001")
    assert rating.price(2, card) == 0
    assert rating.price(3, card) == Decimal("0.000001")


@QUICK
@given(cards, st.lists(st.integers(0, 4000), min_size=1, max_size=8))
def test_prices_of_parts_add_up_to_the_price_of_the_whole(card, parts):
    total, position = Decimal(0), 0
    for seconds in parts:
        total += rating.price(position + seconds, card) - rating.price(position, card)
        position += seconds
    assert total == rating.price(sum(parts), card)


@QUICK
@given(cards, st.integers(0, 20_000), st.integers(0, 500))
def test_a_longer_call_is_never_cheaper(card, seconds, more):
    assert rating.price(seconds + more, card) >= rating.price(seconds, card)


# What money pays for


@QUICK
@given(cards, st.decimals("0", "80", places=6), st.integers(0, 9000))
def test_affordable_minutes_can_be_paid_and_one_more_cannot(card, budget, position):
    minutes = rating.affordable_minutes(budget, position, card)

    def cost(count: int) -> Decimal:
        whole = rating.price(position + 60 * count, card)
        return whole - rating.price(position, card)

    assert cost(minutes) <= budget
    if minutes < rating.MINUTES_WITHOUT_END:
        assert cost(minutes + 1) > budget


def test_an_empty_or_negative_wallet_pays_for_nothing():
    assert rating.affordable_minutes(Decimal(0), 0, card_of()) == 0
    assert rating.affordable_minutes(Decimal("-0.01"), 0, card_of()) == 0
    assert rating.affordable_minutes(Decimal("-0.01"), 0, card_of(price=None)) == 0


def test_what_costs_nothing_is_affordable_without_end():
    assert (
        rating.affordable_minutes(Decimal(0), 0, card_of(price=None))
        == rating.MINUTES_WITHOUT_END
    )


def test_holds_of_another_card_are_priced_first_at_the_dearest_price():
    cheap, dear = card_of(), card_of(price="0.50")
    paid_by = rating.minutes_paid_by
    # 1.00 for the two foreign minutes, and 0.25 for two cheap ones more.
    assert paid_by(Decimal("1.25"), 0, cheap, [(dear, 2)]) == 2 + 2
    assert paid_by(Decimal("0.99"), 0, cheap, [(dear, 2)]) == 1
    assert paid_by(Decimal("0.49"), 0, cheap, [(dear, 2)]) == 0
    assert paid_by(Decimal("1.25"), 0, cheap, [(dear, 0)]) == 12


def test_a_negative_wallet_with_free_minutes_held_elsewhere_is_no_error():
    """Dividing the debt by a price of nothing stopped every write of the book."""
    free = card_of(price=None)
    assert rating.minutes_paid_by(Decimal(-1), 0, free, [(free, 3)]) == 0


# The ceiling


@pytest.mark.parametrize("remaining", [-4, 0, 7])
def test_a_card_that_cuts_off_promises_what_remains_and_its_grace(remaining):
    card = card_of("cut_off", grace_minutes=3)
    assert rating.ceiling(card, Funds(remaining)) == remaining + 3


@pytest.mark.parametrize(
    ("remaining", "paid", "ceiling"),
    [(5, 0, 15), (-5, 0, 10), (0, 9, 1), (0, 12, 0), (4, 12, 4)],
)
def test_overage_promises_the_pools_and_what_its_limit_leaves(remaining, paid, ceiling):
    funds = Funds(remaining, paid_otherwise_minutes=paid, overage_limit_minutes=10)
    assert rating.ceiling(card_of("overage"), funds) == ceiling


@pytest.mark.parametrize("rule", ["wallet", "postpaid"])
def test_money_promises_the_pools_and_what_it_buys(rule):
    assert rating.ceiling(card_of(rule), Funds(5, budget=Decimal("0.35"))) == 5 + 3
    assert rating.ceiling(card_of(rule), Funds(-5, budget=Decimal("0.35"))) == 3
    assert rating.ceiling(card_of(rule), Funds(5, budget=Decimal(-1))) == 5


@QUICK
@given(
    cards,
    st.decimals("0", "20", places=6),
    st.integers(0, 30),
    st.lists(st.tuples(cards, st.integers(0, 10)), max_size=3),
)
def test_money_that_holds_are_promised_suffices_whichever_settles_first(
    card, budget, remaining, foreign
):
    """Everything held talks to its last second and the pools are gone by then: what the
    running card may add still fits the money, priced where the ceiling says it stands."""
    held = sum(minutes for _, minutes in foreign)
    minutes = rating.minutes_paid_by(budget, 0, card, foreign)
    if minutes < held:
        return
    dearest = max([card.dearest_unit_price, *(c.dearest_unit_price for c, _ in foreign)])
    own = minutes - held
    assert dearest * held + rating.price(60 * own, card) <= budget
