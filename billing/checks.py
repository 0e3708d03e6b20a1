"""What `manage.py check --deploy` says of taking money: keys without what they need."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from billing.providers import registry


def money_is_heard_of(**_given: Any) -> Sequence[CheckMessage]:
    """Tell of providers that take money while nobody would hear of it."""
    return [*_without_secret(), *_out_of_reach()]


def _without_secret() -> Sequence[CheckMessage]:
    names = [
        name for name in registry.available() if not registry.config(name).webhook_secrets
    ]
    return [
        Error(
            f"{name.capitalize()} has a key but its webhooks have no secret: money would be"
            " taken and nothing granted.",
            hint=f"Set {_secret_of(name)}; docs/go-live.md says where it comes from.",
            id="billing.E001",
        )
        for name in names
    ]


def _out_of_reach() -> Sequence[CheckMessage]:
    played = {name for name in registry.available() if registry.config(name).api_base}
    if (
        settings.WEBSITE_URL.startswith("https://")
        or not set(registry.available()) - played
    ):
        return []
    return [
        Warning(
            f"Payment providers cannot send their news to {settings.WEBSITE_URL}.",
            hint="Set WEBSITE_URL to the address of this site, with https.",
            id="billing.W001",
        )
    ]


def _secret_of(name: str) -> str:
    return {"flutterwave": "FLUTTERWAVE_WEBHOOK_HASH"}.get(
        name, f"{name.upper()}_WEBHOOK_SECRET"
    )
