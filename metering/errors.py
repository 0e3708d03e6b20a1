"""Refusals of metering that a caller may cause and is told about in words."""

from servicebilling.lib.errors import DomainError


class MeteringError(DomainError):
    """The base of all of them."""


class ProviderNotSetUp(MeteringError):
    """There is no way to the telephony provider: no key is set."""

    code = "provider_not_set_up"
    message = "Calls cannot be placed here: no telephony provider is set up."


class CallRefused(MeteringError):
    """The gate refused; `code` is its rule."""

    status = 402

    def __init__(self, rule: str, message: str) -> None:
        self.code = rule
        super().__init__(message)


class DestinationRefused(MeteringError):
    """This number may not be called; the message says why."""

    code = "destination_refused"
    status = 422


class NothingToCallWith(MeteringError):
    """No number or agent to call with, or none that was meant."""

    code = "nothing_to_call_with"
    status = 422


class PlacingFailed(MeteringError):
    """The provider did not take the call; nothing is held for it and it will not ring."""

    code = "provider_refused"
    status = 502
    message = "The telephony provider did not take the call. Nothing was charged."


class PlacingUnclear(MeteringError):
    """The call may or may not ring; asking again with the same key tells."""

    code = "outcome_unknown"
    status = 504
    message = (
        "The telephony provider has not answered, so the call may ring. Ask again with the"
        " same Idempotency-Key: it will not be dialled twice."
    )


class CapRefused(MeteringError):
    """This cannot bound what is spent; the message says why."""

    code = "cap_refused"
    status = 422


class NoBalances(MeteringError):
    """The organization exists, but was never given a plan, a cycle or a wallet."""

    code = "no_balances"
    message = "This organization has no plan and no balances yet."


class CodeRefused(MeteringError):
    """A confirmation code is wrong, too old, tried too often, or there are too many."""

    code = "code_refused"
    message = "This code is wrong or too old. Ask for another one."


class KeyReused(MeteringError):
    """An Idempotency-Key stands for one call; this request is about another."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key stands for another call. Choose a new one."


class NotAdjusted(MeteringError):
    """A correction by hand that the books, or the role of whoever asks, do not allow."""

    code = "not_adjusted"
