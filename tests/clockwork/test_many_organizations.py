"""Ten thousand organizations cost as much memory as a thousand: pages of five hundred."""

import gc
import os
import tracemalloc
from copy import copy
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Organization
from billing.letters import low_usage
from billing.models import Letter
from metering.balances import cycles
from metering.models import Allowance, BillingCycle, MinuteTransaction, Wallet
from metering.notices import lows
from servicebilling.lib.ids import new_id
from tests.factories import metering as make
from tests.metering.conftest import now
from tests.metering.story import begin

__all__ = ["now"]

# LONG=1: ten thousand, of whom one in fifty runs low and one in ten begins a new month.
COUNT = 10_000 if os.environ.get("LONG") else 120
LOW, DUE = COUNT // 50, COUNT // 10
MEGABYTE = 1 << 20

pytestmark = pytest.mark.django_db


def copies(model, original, count: int, **changed) -> list:
    made = []
    for number in range(count):
        row = copy(original)
        row._state = copy(original._state)
        for name, value in changed.items():
            setattr(row, name, value(number) if callable(value) else value)
        made.append(row)
    return model.objects.bulk_create(made, batch_size=1000)


@pytest.fixture
def many(now) -> None:
    """Copies of one organization: making each the usual way would take a quarter of an hour."""
    pattern = make.make_balances(card=make.make_card(included_minutes=10), now=now)
    cycle = BillingCycle.objects.get(organization=pattern)
    allowance = Allowance.objects.get(organization=pattern)
    owners = copies(
        Organization,
        pattern,
        COUNT,
        pk=lambda _: new_id(),
        slug=lambda number: f"copy-{number}",
        name=lambda number: f"Copy {number}",
    )
    ids = [one.pk for one in owners]
    months = copies(
        BillingCycle,
        cycle,
        COUNT,
        pk=lambda _: new_id(),
        organization_id=lambda number: ids[number],
    )
    copies(
        Wallet,
        Wallet.objects.get(organization=pattern),
        COUNT,
        pk=lambda number: ids[number] if Wallet._meta.pk.is_relation else None,
        organization_id=lambda number: ids[number],
    )
    copies(
        Allowance,
        allowance,
        COUNT,
        pk=lambda number: ids[number],
        organization_id=lambda number: ids[number],
        cycle_id=lambda number: months[number].pk,
        cycle_ends_at=lambda number: (
            allowance.cycle_ends_at - timedelta(days=10) * (number < DUE)
        ),
        minutes_used_this_cycle=lambda number: 9 * (COUNT - number <= LOW),
    )


def peak_of(work) -> tuple[int, float]:
    gc.collect()
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


def test_letters_and_new_months_take_bounded_memory(many, now, monkeypatch, capsys):
    if COUNT < 1000:
        # The same number of pages as ten thousand have.
        monkeypatch.setattr(lows, "PAGE_SIZE", 10)
        monkeypatch.setattr(cycles, "PAGE_SIZE", 10)
    monkeypatch.setattr(cycles, "RUN_SECONDS", 3600)
    # What is loaded once must not be counted: the addresses of all pages.
    reverse("website:billing")
    later = now + timedelta(hours=1)
    written, for_letters = peak_of(lambda: low_usage.write_due(now=later))
    assert written == Letter.objects.count() == LOW
    due = now + timedelta(days=25)
    rolled, for_months = peak_of(lambda: cycles.roll_over_due(now=due))
    assert rolled == DUE
    with capsys.disabled():
        print(
            f"\n{COUNT:,} organizations: {written} letters, peak {for_letters:.1f} MB;"
            f" {rolled} new months, peak {for_months:.1f} MB"
        )
    assert max(for_letters, for_months) < 24
    assert MinuteTransaction.objects.exists() or rolled


def test_a_page_holds_so_many_and_no_more(now, monkeypatch, django_assert_max_num_queries):
    card = make.make_card(included_minutes=10)
    for _ in range(7):
        begin(now, card).talk(60 * 9)
    monkeypatch.setattr(lows, "PAGE_SIZE", 3)
    # Three pages and an empty one, each with its settings, and refills of those found.
    with django_assert_max_num_queries(12):
        assert len(list(lows.find(now=now + timedelta(hours=1)))) == 7
