"""Refusals of metering that a caller may cause and is told about in words."""

from servicebilling.lib.errors import DomainError


class MeteringError(DomainError):
    """The base of all of them."""


class ProviderNotSetUp(MeteringError):
    """There is no way to the telephony provider: no key is set."""

    code = "provider_not_set_up"
    status = 503
    message = "Calls cannot be placed here: no telephony provider is set up."
