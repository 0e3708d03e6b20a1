"""The adapter as this installation is configured."""

from django.conf import settings
from django.urls import reverse

from metering.calls import tokens
from metering.errors import ProviderNotSetUp
from metering.providers.vapi.client import VapiClient
from metering.providers.vapi.config import VapiConfig
from servicebilling.lib import hosts


def config() -> VapiConfig:
    """Return what the adapter needs of the settings."""
    base = settings.VAPI_API_BASE.rstrip("/")
    return VapiConfig(
        secrets=tuple(settings.VAPI_WEBHOOK_SECRETS),
        server_url=settings.WEBSITE_URL + reverse("metering:vapi-webhook"),
        credential_id=settings.VAPI_CREDENTIAL_ID,
        signature_header=settings.VAPI_SIGNATURE_HEADER.lower(),
        timestamp_header=settings.VAPI_TIMESTAMP_HEADER.lower(),
        signature_prefix=settings.VAPI_SIGNATURE_PREFIX,
        read_token=tokens.read,
        read_placement=tokens.read_placement,
        control_hosts=tuple(settings.VAPI_CONTROL_HOSTS),
        stand_in_url=base if hosts.is_this_machine(base) else "",
    )


def client() -> VapiClient:
    """Return the way to Vapi's API. Raises `ProviderNotSetUp`."""
    if not settings.VAPI_API_KEY:
        raise ProviderNotSetUp
    return VapiClient(config(), settings.VAPI_API_KEY, settings.VAPI_API_BASE)


def is_stand_in() -> bool:
    """Whether the provider is one on this machine: it knows those calls alone that were
    placed with it, and none that a demo or a simulation invented."""
    return hosts.is_this_machine(settings.VAPI_API_BASE) and settings.SANDBOX
