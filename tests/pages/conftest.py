import pytest
from django.utils.timezone import now

from metering.balances import cycles
from metering.models import RateCard
from tests.factories import accounts as make
from tests.pages import filling
from tests.pages.samples import Cast


@pytest.fixture
def card(db) -> RateCard:
    """The terms in force without a plan, in the currency of the cast."""
    return _terms()


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
    return _with_months(
        Cast(
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
        ),
        card,
    )


def make_cast() -> Cast:
    """The same cast, for a world that outlives a test."""
    owner = make.make_user(email="owner@example.com", name="Olga Owner")
    stranger = make.make_user(email="stranger@example.net", name="Sam Stranger")
    organization = make.make_organization(name="Acme Dental", owner=owner)
    others = {
        role: make.make_member(
            organization=organization, role=role, email=f"{role}@example.com"
        )
        for role in ("admin", "accountant", "member")
    }
    made = Cast(
        organization=organization,
        other_organization=make.make_organization(name="Other Clinic", owner=stranger),
        people={
            "owner": owner,
            **others,
            "stranger": stranger,
            "staff": make.make_user(email="staff@example.org", is_staff=True),
        },
    )
    return _with_months(made, _terms())


def _terms() -> RateCard:
    return RateCard.objects.create(code="none", when_exhausted="cut_off", currency="USD")


def _with_months(made: Cast, card: RateCard) -> Cast:
    for one in (made.organization, made.other_organization):
        cycles.begin(organization_id=one.pk, card_id=card.pk, now=now())
    return made


@pytest.fixture
def filled(cast) -> Cast:
    """The cast, with something on every page and names as long as they come."""
    return filling.fill(cast, now=now())
