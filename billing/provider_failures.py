"""What a customer reads when a provider fails, and what operators do."""

import logging

from billing.errors import ProviderRefused, ProviderUnavailable
from billing.providers.base import ProviderError

log = logging.getLogger(__name__)


def told(error: ProviderError) -> ProviderUnavailable:
    """Return what is said of a failure: that trying again may help, or that it will not. The
    provider's own words are for the log alone: a wrong key is no business of a customer's."""
    if error.retry:
        log.warning("the payment provider did not answer: %s", error)
        return ProviderUnavailable()
    log.error("the payment provider refused: %s", error)
    return ProviderRefused()
