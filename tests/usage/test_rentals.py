"""A phone number is paid for once a month, where the plan has a price for it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from metering.usage import rentals
from tests.factories import metering as make
from tests.usage.uses import balance, begin

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(now):
    return begin(now, wallet="10", meter="phone_number_month", unit_price="2")


def test_each_number_pays_once_a_month(clinic, now):
    for _ in range(2):
        make.make_number(organization=clinic, valid_from=now)
    assert rentals.organizations_that_rent() == [clinic.pk]

    assert rentals.charge(clinic.pk, now=now) == 2
    assert rentals.charge(clinic.pk, now=now + timedelta(days=10)) == 0
    assert rentals.charge(clinic.pk, now=now + timedelta(days=20)) == 2
    assert balance(clinic) == 2


def test_a_number_that_is_mapped_again_within_the_month_pays_once(clinic, now):
    number = make.make_number(organization=clinic, valid_from=now)
    rentals.charge(clinic.pk, now=now)
    number.valid_to = now + timedelta(hours=1)
    number.save()
    again = make.make_number(organization=clinic, valid_from=now + timedelta(hours=2))
    type(again).objects.filter(pk=again.pk).update(e164=number.e164)

    assert rentals.charge(clinic.pk, now=now + timedelta(hours=3)) == 0


def test_a_given_back_number_pays_no_more(clinic, now):
    make.make_number(organization=clinic, valid_from=now, valid_to=now + timedelta(days=1))

    assert rentals.organizations_that_rent() == []
    assert rentals.charge(clinic.pk, now=now) == 0


def test_it_is_owed_even_where_the_wallet_is_empty(now):
    poor = begin(now, meter="phone_number_month", unit_price="2")
    make.make_number(organization=poor, valid_from=now)

    assert rentals.charge(poor.pk, now=now) == 1
    assert balance(poor) == Decimal(-2)


def test_where_the_plan_names_no_price_nothing_is_charged(now):
    free = begin(now, wallet="1")
    make.make_number(organization=free, valid_from=now)

    assert rentals.organizations_that_rent() == []
