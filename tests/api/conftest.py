"""An organization with something to read, and the running site to read it from."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from accounts.api_keys import Issued
from accounts.models import Organization
from billing import plans
from billing.models import Plan
from metering.calls import gate, settle
from tests.factories import accounts
from tests.factories import metering as make


@pytest.fixture
def clinic(transactional_db) -> Organization:
    """Two weeks on the plan `payg`, a call a day; the catalogue is loaded."""
    call_command("load_catalogue", verbosity=0)
    now = timezone.now()
    began = now - timedelta(days=14)
    organization = accounts.make_organization(name="Acme Dental", now=began)
    plans.open_organization(
        organization=organization, plan=Plan.objects.get(code="payg"), now=began
    )
    number = make.make_number(organization=organization, valid_from=began)
    for day in range(1, 14):
        _talk(number, at=now - timedelta(days=day))
    return organization


@pytest.fixture
def key(clinic) -> Issued:
    return accounts.make_key(organization=clinic, scopes=["admin"])


@pytest.fixture
def staff_key(clinic) -> Issued:
    """A service key: what staff ask with."""
    return accounts.make_key(organization=None, scopes=["admin"])


@pytest.fixture
def base_url(live_server, settings) -> str:
    settings.API_REQUESTS_PER_MINUTE = {"read": 100_000, "write": 100_000}
    cache.clear()
    return live_server.url


def _talk(number, *, at: datetime) -> None:
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=at), now=at)
    settle.settle([make.make_report(ref, started_at=at, seconds=83)], now=at)
