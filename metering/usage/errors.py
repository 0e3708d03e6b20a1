"""What cannot be told of usage."""

from servicebilling.lib.errors import DomainError


class NoBalances(DomainError):
    """The organization exists, but was never given a plan, a cycle or a wallet."""

    code = "no_balances"
    message = "This organization has no plan and no balances yet."
