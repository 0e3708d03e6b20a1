"""The one way out to Stripe: its client, its errors, its idempotency keys.

Numbers measured against stripe 16.1.0: `StripeClient` alone would never retry and would wait
80 seconds for each answer.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

import stripe

from billing.providers.base import Config, CustomerGone, Declined, ProviderError

NAME = "stripe"
# What the adapter and the webhook endpoint speak: the version that the SDK pins.
API_VERSION = stripe.api_version
TIMEOUT_SECONDS = (3.05, 20)
NETWORK_RETRIES = 2
# New keys tried after answers that Stripe keeps although they were its own fault.
FRESH_KEYS_MAX = 3

_LIVE_KEY = re.compile(r"(sk|rk)_live_")

# Whether the same request may succeed later. What is not listed here does not.
_MAY_RETRY: dict[type[stripe.StripeError], bool] = {
    stripe.APIConnectionError: True,
    stripe.APIError: True,
    stripe.RateLimitError: True,
    stripe.AuthenticationError: False,
    stripe.CardError: False,
    stripe.IdempotencyError: False,
    stripe.InvalidRequestError: False,
    stripe.PermissionError: False,
}

Row = dict[str, Any]


class Missing(ProviderError):
    """Stripe has no such object (any more)."""


def is_live(secret_key: str) -> bool:
    """Return whether a key moves real money."""
    return bool(_LIVE_KEY.match(secret_key))


class Gateway:
    """Calls Stripe with one account's key; every error of Stripe's is a `ProviderError`.

    Raises `ProviderError` for a live key beside another address than Stripe's own: whoever
    listens there would get the key.
    """

    def __init__(self, config: Config) -> None:
        if config.api_base and is_live(config.secret_key):
            raise ProviderError(
                "STRIPE_API_BASE is for a stand-in and is refused with a live key.",
                retry=False,
            )
        self._config = config

    @cached_property
    def client(self) -> stripe.StripeClient:
        """Made when it is first needed, so after a worker has forked."""
        if not self._config.secret_key:
            raise ProviderError("STRIPE_SECRET_KEY is not set.", retry=False)
        options: dict[str, Any] = {}
        if base := self._config.api_base.rstrip("/"):
            options["base_addresses"] = {"api": base, "meter_events": base}
        return stripe.StripeClient(
            self._config.secret_key,
            max_network_retries=NETWORK_RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            **options,
        )

    def ask(self, request: Callable[[stripe.StripeClient], Any]) -> Row:
        """Return what a request answers, as plain data. Raises `ProviderError`."""
        try:
            answer: Row = request(self.client).to_dict()
        except stripe.StripeError as error:
            raise _told(error) from error
        return answer

    def ask_all(self, request: Callable[[stripe.StripeClient], Any]) -> list[Row]:
        """Return every row of a list, all its pages read. Raises `ProviderError`."""
        try:
            return [row.to_dict() for row in request(self.client).auto_paging_iter()]
        except stripe.StripeError as error:
            raise _told(error) from error

    def act(self, key: str, request: Callable[[stripe.StripeClient, Any], Any]) -> Row:
        """Do something once: the same key does it again never, whoever asks.

        Stripe keeps even a failure of its own for the key's day. Such an answer says whose
        it was, and the next key follows from that: again the same for everybody.
        """
        for _ in range(FRESH_KEYS_MAX):
            try:
                answer: Row = request(self.client, {"idempotency_key": key}).to_dict()
                return answer
            except stripe.StripeError as error:
                failed_once = _kept_failure(error)
                if not failed_once:
                    raise _told(error) from error
                key = f"{key[:200]}:{failed_once}"
                kept = error
        raise _told(kept) from kept


def _kept_failure(error: stripe.StripeError) -> str:
    """Return the request that this stored failure belongs to; "" for any other error."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    is_theirs = (error.http_status or 0) >= 500
    if not is_theirs or headers.get("idempotent-replayed") != "true":
        return ""
    return headers.get("original-request", "")


def _sentence_of(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.APIConnectionError):
        # The SDK's words are a page, with the cause in the last of its lines.
        cause = " ".join((error.user_message or "").split())
        return f"Stripe cannot be reached. {cause.partition('(Network error: ')[2]}".strip()
    kind = type(error).__name__
    return f"{kind}: {error.user_message or 'no message'} ({error.request_id or '-'})"


def _told(error: stripe.StripeError) -> ProviderError:
    message = _sentence_of(error)
    if getattr(error, "code", None) == "resource_missing":
        if getattr(error, "param", None) == "customer":
            return CustomerGone(message, retry=False)
        return Missing(message, retry=False)
    if isinstance(error, stripe.CardError):
        return Declined(message, retry=False)
    return ProviderError(message, retry=_MAY_RETRY.get(type(error), False))
