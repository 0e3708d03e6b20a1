"""`check --deploy` tells of money that would be taken while nobody hears of it."""

import pytest

from billing.checks import money_is_heard_of


def _ids() -> list[str]:
    return [str(one.id) for one in money_is_heard_of()]


@pytest.fixture(autouse=True)
def nothing_is_sold(settings):
    for name in ("STRIPE", "FLUTTERWAVE"):
        setattr(settings, f"{name}_SECRET_KEY", "")
        setattr(settings, f"{name}_API_BASE", "")
    settings.WEBSITE_URL = "https://calls.example"


def test_a_key_needs_the_secret_of_its_webhooks_and_a_site_that_can_be_reached(settings):
    assert _ids() == []
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    settings.STRIPE_WEBHOOK_SECRETS = []
    settings.WEBSITE_URL = "http://localhost:8000"
    assert _ids() == ["billing.E001", "billing.W001"]
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_1"]
    settings.WEBSITE_URL = "https://calls.example"
    assert _ids() == []
