import pytest
from django.utils import timezone

from billing import catalogue_loading
from tests.factories import metering as make
from tests.pages import stories


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def catalogue(now) -> None:
    catalogue_loading.load(now=now)


@pytest.fixture
def number(organization, now):
    """The organization has 100 minutes, a number, and an agent who answers it."""
    make.make_balances(now=now, organization=organization)
    return stories.number_of(organization, now=now)
