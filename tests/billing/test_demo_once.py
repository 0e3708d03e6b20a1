"""Where the demo is made, and that it is the same each time."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from accounts import audit
from accounts.models import Organization
from billing import catalogue_loading
from billing.demo import seeding
from billing.demo.seeding import CannotSeed, Seeded
from metering.models import Call

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)


def make_tiny_demo() -> Seeded:
    catalogue_loading.load(now=NOW)
    return seeding.seed(now=NOW, days=9, volume=0.1)


def test_same_moment_makes_the_same_demo():
    def signs() -> list:
        calls = Call.objects.order_by("occurred_at", "provider_call_id")
        with transaction.atomic():
            make_tiny_demo()
            found = list(
                calls.values_list(
                    "provider_call_id", "occurred_at", "billed_minutes", "price", "status"
                )
            )
            transaction.set_rollback(True)
        return found

    first = signs()
    assert first
    assert signs() == first


def test_demo_is_not_mixed_with_somebodys_data(organization):
    with pytest.raises(CannotSeed, match="of its own"):
        make_tiny_demo()
    assert list(Organization.objects.all()) == [organization]


def test_half_a_demo_is_not_taken_for_a_whole_one():
    audit.record(organization=None, actor="test", action=seeding.BEGUN, now=NOW)
    with pytest.raises(CannotSeed, match="half-way"):
        make_tiny_demo()


def test_public_passwords_are_kept_from_a_public_site(settings):
    settings.WEBSITE_URL = "https://billing.example.com"
    with pytest.raises(CommandError, match="can be reached by others"):
        call_command("seed_demo")
    assert not Organization.objects.exists()
