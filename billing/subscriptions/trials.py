"""A trial costs nothing, so it cannot be overdrawn.

No provider bills what is used while a subscription is tried. On a plan with overage the trial
has a card of its own, therefore: its minutes, and then calls are refused, as other meters are
beyond what is included. The plan's own card takes over with the first period that is paid.
"""

from dataclasses import replace

from billing import card_terms
from billing.models import Subscription
from metering.models import Rate, RateCard, WhenExhausted


def card_for(subscription: Subscription) -> RateCard:
    """Return the card that a subscription is tried on. Plans without overage are tried on
    their own: nothing is charged by them that was not paid before, or agreed on."""
    card = subscription.rate_card
    if card.when_exhausted != WhenExhausted.OVERAGE:
        return card
    plans_terms = card_terms.of_card(card)
    terms = replace(
        plans_terms,
        when_exhausted=WhenExhausted.CUT_OFF.value,
        included_minutes=subscription.plan.trial_minutes or card.included_minutes,
        overage_limit_minutes=None,
        grace_minutes=0,
        rates=tuple(
            rate for rate in plans_terms.rates if rate.meter != Rate.Meter.VOICE_MINUTE
        ),
    )
    made, _ = card_terms.with_terms(f"{subscription.plan.code}.trial", terms)
    return made
