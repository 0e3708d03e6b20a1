"""A shop whose payments are made at the Stripe stand-in, webhooks and all."""

import time
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.utils import timezone

from billing import catalogue_loading, plans
from billing.providers import registry
from metering.verification.run import verify
from servicebilling.celery import app
from tests.billing.stripe.conftest import KEY, Stripe, kept_catalogue, running_sandbox

__all__ = ["kept_catalogue", "running_sandbox"]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def shop(running_sandbox, kept_catalogue, live_server, settings, now) -> Iterator[Stripe]:
    """The catalogue is on sale; what the stand-in says is processed while it waits."""
    there = Stripe(running_sandbox.url)
    there.control("reset", at=str(int(time.time())), frozen="true", keep_endpoints="false")
    app.conf.task_always_eager = True
    settings.WEBSITE_URL = live_server.url
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_API_BASE = there.url
    registry.get.cache_clear()
    catalogue_loading.load(now=now)
    kept_catalogue.put()
    for old in there.every("webhook_endpoint"):
        there.delete(f"webhook_endpoints/{old['id']}")
    running_sandbox.box.destinations.clear()
    endpoint = there.post(
        "webhook_endpoints",
        **{
            "url": f"{live_server.url}/api/webhooks/stripe",
            "enabled_events[]": "*",
        },
    )
    settings.STRIPE_WEBHOOK_SECRETS = [endpoint["secret"]]
    registry.get.cache_clear()
    yield there
    app.conf.task_always_eager = False
    there.control("reset", keep_endpoints="false")
    assert verify(now=timezone.now()).findings == []


@pytest.fixture
def customer(shop, organization, now):
    """An organization without a plan, in the shop."""
    plans.open_organization(organization=organization, plan=plans.get("none"), now=now)
    return organization
