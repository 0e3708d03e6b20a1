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


class ProviderRefused(ProviderUnavailable):
    code = "provider_refused"
    message = (
        "The payment provider refused this. Nothing was charged. Trying again will not help; "
        "please write to us."
    )


class QuoteGone(BillingError):
    code = "quote_gone"
    message = "This price was shown a while ago. Look at it again; nothing was changed."


class StillSubscribed(BillingError):
    code = "still_subscribed"
    message = (
        "A plan is still being paid for. Cancel it on the billing page and wait for its "
        "end; then the organization can be closed."
    )


class TopUpOutOfBounds(BillingError):
    code = "top_up_out_of_bounds"
    message = "A wallet cannot be filled with this amount."


class TooLittleMoney(BillingError):
    code = "too_little_money"
    status = 402
    message = "The wallet's free balance is too low for this."


class NoSavedCard(BillingError):
    code = "no_saved_card"
    message = "There is no saved card yet: fill the wallet by card once, then turn this on."


class NotPayable(BillingError):
    code = "not_payable"
    message = "Only an open invoice can be marked as paid."


class NotRefundable(BillingError):
    code = "not_refundable"
    message = "That much of this payment is not left to refund."


class RefundUnderWay(BillingError):
    code = "refund_under_way"
    message = "This refund is being asked for right now. Look again in a minute."


class ReasonMissing(BillingError):
    code = "reason_missing"
    message = "Say why, in a few words: it stays with the row."


class NothingToDecide(BillingError):
    code = "nothing_to_decide"
    message = "This is on its way already, or cannot go that way."


class CountedAlready(BillingError):
    code = "counted_already"
    message = (
        "The meter has counted these minutes: its invoice asks for them, and no other may. "
        "The row counts as delivered now."
    )


class MayBeCounted(BillingError):
    code = "may_be_counted"
    message = (
        "It cannot be told whether the meter has counted these minutes. Look at the "
        "provider, then confirm that they are to be asked for although they may be paid "
        "twice."
    )


class NoRate(BillingError):
    code = "no_rate"
    message = "There is no exchange rate for this day."


class TopUpUnderWay(BillingError):
    code = "top_up_under_way"
    message = "A card is being charged right now. Please try again in a few minutes."


class NotSubscribed(BillingError):
    code = "not_subscribed"
    message = "There is no subscription to change."


class PlanStays(BillingError):
    code = "plan_stays"
    message = (
        "Here a subscription cannot become another plan's. Cancel it, use it until what is "
        "paid ends, and subscribe to the other plan then."
    )


class SamePlan(BillingError):
    code = "same_plan"
    message = "This is the plan that is subscribed to already."


class NotARecipient(BillingError):
    status = 404
    code = "not_a_recipient"
    message = "No letters go to this address."


class BillingAddressStays(BillingError):
    status = 409
    code = "billing_address_stays"
    message = (
        "Somebody must be told when calls are refused, so the billing address gets what"
        " must be told. It can be changed in the settings."
    )


class RunUnderWay(BillingError):
    status = 409
    code = "run_under_way"
    message = "This waits for the worker or is being done already."


class CodeTaken(BillingError):
    status = 409
    code = "code_taken"
    message = "There is something else on sale under this code."


class ChangedMeanwhile(BillingError):
    status = 409
    code = "changed_meanwhile"
    message = "Somebody has changed this meanwhile. Look at it again."


class LinkBroken(BillingError):
    status = 404
    code = "link_broken"
    message = "This link is not whole. Please open it from the letter again."
