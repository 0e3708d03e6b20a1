import pytest
from django.utils.timezone import now

from metering.balances import cycles
from metering.models import RateCard
from tests.pages import filling
from tests.pages.samples import Cast


@pytest.fixture
def card(db) -> RateCard:
    """The terms in force without a plan, in the currency of the cast."""
    return RateCard.objects.create(code="none", when_exhausted="cut_off", currency="USD")


@pytest.fixture
def cast(
    card,
    organization,
    other_organization,
    owner,
    admin,
    accountant,
    member,
    stranger,
    staff,
) -> Cast:
    for one in (organization, other_organization):
        cycles.begin(organization_id=one.pk, card_id=card.pk, now=now())
    return Cast(
        organization=organization,
        other_organization=other_organization,
        people={
            "owner": owner,
            "admin": admin,
            "accountant": accountant,
            "member": member,
            "stranger": stranger,
            "staff": staff,
        },
    )


@pytest.fixture
def filled(cast) -> Cast:
    """The cast, with something on every page and names as long as they come."""
    return filling.fill(cast, now=now())
