"""What billing may refuse, each case in words that a customer can read."""

from servicebilling.lib.errors import DomainError


class BillingError(DomainError):
    """Base of every refusal of this app."""


class NotSold(BillingError):
    code = "not_sold"
    status = 404
    message = "This is not for sale."


class NothingBought(BillingError):
    code = "nothing_bought"
    message = "There is nothing to manage yet: nothing was bought by card."


class AlreadySubscribed(BillingError):
    code = "already_subscribed"
    message = (
        "There is a subscription already. Change its plan on the billing page instead."
    )


class OtherCurrency(BillingError):
    code = "other_currency"
    message = "Balances are kept in another currency, and nothing is converted."


class ProviderUnavailable(BillingError):
    code = "provider_unavailable"
    status = 502
    message = "The payment provider did not answer. Nothing was charged; please try again."


class StillSubscribed(BillingError):
    code = "still_subscribed"
    message = (
        "A plan is still being paid for. Cancel it on the billing page and wait for its "
        "end; then the organization can be closed."
    )
