"""Usage of every meter is recorded once, rated exactly, and summed in one transaction."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from metering.balances import cycles
from metering.models import (
    Allowance,
    CycleUsage,
    DailyUsage,
    UsageCharge,
    UsageEvent,
    WalletTransaction,
)
from metering.usage import record
from metering.usage.errors import BadEvent, KeyReused, NotCorrectable, UnknownEvent
from tests.factories import metering as make
from tests.usage.uses import balance, begin, sums, use, used

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def outcomes(recorded) -> list[str]:
    return [one.outcome if one.error is None else one.error.code for one in recorded]


def test_included_is_free_and_the_rest_is_paid_from_the_wallet(now):
    organization = begin(now, wallet="1", included="3", unit_price="0.01")

    recorded = used(organization, use("2"), use("2"), now=now)

    assert [one.total for one in recorded] == [0, Decimal("0.01")]
    assert sums(organization) == (4, 1, Decimal("0.01"))
    assert balance(organization) == Decimal("0.99")
    row = WalletTransaction.objects.get(kind="usage")
    assert row.reference == f"usage:{recorded[1].event_id}"


def test_fractions_of_a_cent_add_up_exactly(now):
    organization = begin(now, wallet="1", unit_price="0.001")

    used(organization, *(use("0.3333") for _ in range(300)), now=now)

    # 99.99 units, whatever each of them was rounded to.
    assert sums(organization) == (Decimal("99.99"), Decimal("99.99"), Decimal("0.09999"))
    assert balance(organization) == Decimal("0.90001")


def test_tiers_count_what_the_cycle_charged_so_far(now):
    organization = begin(
        now, wallet="10", included="1", tiers=[(2, "0.10"), (None, "0.01")], unit_price=None
    )

    recorded = used(organization, use("2"), use("3"), now=now)

    assert [one.total for one in recorded] == [Decimal("0.10"), Decimal("0.12")]


def test_a_key_counts_once(now):
    organization = begin(now, wallet="1")

    first = used(organization, use(key="a"), use(key="a"), now=now)
    again = used(organization, use(key="a"), use(key="b"), now=now + timedelta(hours=1))

    assert outcomes(first) == ["recorded", "already"]
    assert outcomes(again) == ["already", "recorded"]
    assert again[0].event_id == first[0].event_id
    assert sums(organization)[0] == 2


def test_a_key_of_something_else_is_refused(now):
    organization = begin(now, wallet="1")
    used(organization, use(key="a"), now=now)

    recorded = used(organization, use("5", key="a"), now=now)

    assert isinstance(recorded[0].error, KeyReused)
    assert sums(organization)[0] == 1


def test_two_organizations_may_use_the_same_key(now):
    for organization in (begin(now, wallet="1"), begin(now, wallet="1")):
        assert outcomes(used(organization, use(key="a"), now=now)) == ["recorded"]


def test_bad_events_are_named_and_the_others_count(now):
    organization = begin(now, wallet="1")

    recorded = used(
        organization,
        use("0"),
        use("-1"),
        use("0.0000001"),
        use("NaN"),
        use("1e12"),
        use(meter="voice_minute"),
        use(meter="nonsense"),
        use(key="call:vapi:1:1"),
        use(key="x" * 201),
        use(occurred_at=now + timedelta(minutes=5)),
        use(occurred_at=now - 36 * DAY),
        use(),
        now=now,
    )

    assert outcomes(recorded) == ["invalid"] * 11 + ["recorded"]
    assert all(isinstance(one.error, BadEvent) for one in recorded[:-1])
    assert sums(organization)[0] == 1


def test_clocks_may_differ_a_little(now):
    organization = begin(now, wallet="1")

    recorded = used(organization, use(occurred_at=now + timedelta(seconds=40)), now=now)

    assert outcomes(recorded) == ["recorded"]
    assert UsageEvent.objects.get().occurred_at == now


def test_what_the_card_does_not_name_is_counted_and_costs_nothing(now):
    organization = begin(now, when_exhausted="cut_off")

    used(organization, use("7", meter="ai_query"), now=now)

    assert sums(organization, "ai_query") == (7, 0, 0)


def test_past_usage_belongs_to_its_own_cycle_and_day(now):
    organization = begin(now, wallet="1", included="1", unit_price="0.01")
    used(organization, use(), now=now)
    later = now + 40 * DAY

    used(organization, use(occurred_at=now + 9 * DAY), use(), now=later)

    by_cycle = list(
        CycleUsage.objects.order_by("cycle__starts_at").values_list("quantity", "price")
    )
    assert by_cycle == [(2, Decimal("0.01")), (1, 0)]
    assert list(DailyUsage.objects.order_by("day").values_list("day", "count")) == [
        (now.date(), 1),
        ((now + 9 * DAY).date(), 1),
        (later.date(), 1),
    ]


def test_usage_on_an_overage_card_is_left_for_billing_to_deliver(now):
    organization = begin(now, when_exhausted="overage", included="1", unit_price="0.25")

    used(organization, use("3"), now=now)

    charge = UsageCharge.objects.get()
    assert (charge.meter, charge.quantity, charge.amount) == (
        "api_call",
        2,
        Decimal("0.50"),
    )


def test_usage_on_a_postpaid_card_is_on_its_cycle(now):
    organization = begin(
        now,
        when_exhausted="postpaid",
        unit_price="1",
        terms={"postpaid_limit_amount": Decimal(10), "unit_price": "1"},
    )

    used(organization, use("4"), now=now)

    assert sums(organization) == (4, 4, 4)
    # Calls may use what is left of the same credit limit.
    assert Allowance.objects.get(organization=organization).minutes_ceiling == 6


def test_a_void_takes_the_event_back_with_its_money(now):
    organization = begin(now, wallet="1", included="1", unit_price="0.01")
    used(organization, use("3", key="a"), now=now)

    void = record.void(organization, key="a", now=now + DAY, reason="tested by mistake")
    again = record.void(organization, key="a", now=now + DAY)

    assert (void.quantity, void.total) == (-3, Decimal("-0.02"))
    assert again.outcome == "already"
    assert sums(organization) == (0, 0, 0)
    assert balance(organization) == 1
    day = DailyUsage.objects.get()
    assert (day.day, day.count, day.quantity, sum(day.hours)) == (now.date(), 0, 0, 0)


def test_charged_units_come_back_first(now):
    organization = begin(now, wallet="1", included="2", unit_price="0.01")
    used(organization, use("2", key="a"), use("1", key="b"), now=now)

    record.void(organization, key="a", now=now)

    # One unit is left, and the plan includes two.
    assert sums(organization) == (1, 0, 0)
    assert balance(organization) == 1


def test_a_correction_states_the_whole_and_counts_the_difference(now):
    organization = begin(now, wallet="1", unit_price="0.01")
    used(organization, use("3", key="a"), now=now)

    down = used(organization, use("2", key="b", corrects="a"), now=now)
    up = used(organization, use("5", key="c", corrects="a"), now=now)
    again = used(organization, use("5", key="c", corrects="a"), now=now)

    assert [down[0].quantity, up[0].quantity] == [-1, 3]
    assert outcomes(again) == ["already"]
    assert sums(organization) == (5, 5, Decimal("0.05"))
    assert DailyUsage.objects.get().count == 1
    assert record.void(organization, key="a", now=now).quantity == -5


def test_what_cannot_be_corrected_says_why(now):
    organization = begin(now, wallet="1")
    used(organization, use(key="a"), now=now)
    record.void(organization, key="a", now=now)

    with pytest.raises(UnknownEvent):
        record.void(organization, key="unknown", now=now)
    with pytest.raises(UnknownEvent):
        record.void(begin(now), key="a", now=now)
    recorded = used(
        organization, use("2", key="b", corrects="a"), use("2", corrects="_void:a"), now=now
    )
    assert isinstance(recorded[0].error, NotCorrectable)
    assert isinstance(recorded[1].error, UnknownEvent)


def test_a_correction_after_a_change_of_card_is_by_the_card_that_charged(now):
    organization = begin(now, wallet="1", unit_price="0.01")
    used(organization, use("3", key="a"), now=now)
    dearer = make.make_card(when_exhausted="wallet", included_minutes=0)
    make.make_rate(dearer, unit_price="0.50")
    cycles.change_card(organization_id=organization.id, card_id=dearer.id, now=now)

    record.void(organization, key="a", now=now)

    assert balance(organization) == 1


def test_the_same_included_quantity_is_not_given_twice_by_changing_cards(now):
    organization = begin(now, wallet="1", included="3", unit_price="0.01")
    used(organization, use("3"), now=now)
    other = make.make_card(when_exhausted="wallet", included_minutes=0)
    make.make_rate(other, included="4", unit_price="0.01")
    cycles.change_card(organization_id=organization.id, card_id=other.id, now=now)

    recorded = used(organization, use("3"), now=now)

    assert recorded[0].total == Decimal("0.02")


def test_events_refuse_to_be_changed(now):
    used(begin(now, wallet="1"), use(), now=now)

    with pytest.raises(IntegrityError), transaction.atomic():
        UsageEvent.objects.update(quantity=5)


def test_voice_minutes_of_other_systems_never_touch_the_minutes_of_calls(now):
    organization = begin(now, meter="reported_minute", included="1", wallet="1")

    record.record_voice_minutes(organization, key="a", minutes=Decimal("0.75"), now=now)
    guess = record.record_voice_minutes(organization, key="b", audio_bytes=480_000, now=now)

    assert guess.quantity == Decimal("0.5")
    assert UsageEvent.objects.get(idempotency_key="b").is_estimated
    assert sums(organization, "reported_minute") == (
        Decimal("1.25"),
        Decimal("0.25"),
        Decimal("0.0025"),
    )
    assert Allowance.objects.get(organization=organization).minutes_used_this_cycle == 0


def test_each_verb_counts_its_meter(now):
    organization = begin(now, wallet="1")

    record.record_api_call(organization, key="a", now=now)
    record.record_ai_query(organization, key="b", now=now, queries=2)
    record.record_storage(organization, key="c", now=now, megabytes=Decimal("1.5"))

    assert sums(organization, "api_call")[0] == 1
    assert sums(organization, "ai_query")[0] == 2
    assert sums(organization, "storage_mb")[0] == Decimal("1.5")


def test_a_thousand_events_take_as_many_statements_as_two(
    now, django_assert_max_num_queries
):
    organization = begin(now, wallet="100", included="10", unit_price="0.001")
    corrected = use(key="first")
    used(organization, corrected, now=now)
    batch = [use(occurred_at=now - timedelta(minutes=n)) for n in range(998)]
    batch += [use("2", corrects="first"), use()]

    with django_assert_max_num_queries(15):
        recorded = used(organization, *batch, now=now)

    assert outcomes(recorded) == ["recorded"] * 1000
    assert sums(organization)[0] == 1001


@pytest.mark.parametrize(
    ("first", "then", "costs"), [("wallet", "cut_off", 4), ("cut_off", "wallet", 0)]
)
def test_a_correction_is_charged_by_the_card_that_counted_the_event(
    now, first, then, costs
):
    organization = begin(
        now, when_exhausted=first, wallet="10", included="1", unit_price="1.00"
    )
    used(organization, use("1", key="first"), now=now)
    card = make.make_card(when_exhausted=then, included_minutes=0)
    make.make_rate(card, included="1", unit_price="1.00")
    cycles.change_card(organization_id=organization.pk, card_id=card.pk, now=now)

    (corrected,) = used(organization, use("5", corrects="first"), now=now)

    assert corrected.total == costs
    assert balance(organization) == 10 - costs
