"""Acts on the facts of one event. Each fact is keyed by its business object, so the same
fact told by two events happens once."""

from datetime import datetime
from uuid import UUID

from accounts.models import Organization
from billing import customers
from billing.events import (
    Failed,
    Paid,
    PeriodPaid,
    PeriodUnpaid,
    SubscriptionChanged,
    TrialEnding,
)
from billing.models import Purchase, Subscription
from billing.providers.base import FetchedFacts
from billing.purchases import fulfilling
from billing.subscriptions import periods, transitions


class Mismatch(Exception):
    """A fact names a customer that is not whose purchase or subscription it is: staff look
    at it, nothing is credited."""


class NotYet(Exception):
    """Something that must come first has not come: try again later."""


def act(
    fetched: FetchedFacts, *, provider: str, generation: int, now: datetime
) -> tuple[Organization | None, str]:
    """Apply the facts in order; returns whose they were and what came of them, in words.

    Raises `Mismatch`, `NotYet`, and `transitions.Outdated` when the facts must be fetched
    again.
    """
    organization = customers.organization_of(provider, fetched.customer_id)
    done = []
    for fact in fetched.facts:
        match fact:
            case Paid():
                _demand_owner(fact.purchase_id, organization)
                done.append(fulfilling.fulfil(fact, now=now))
            case Failed():
                done.append(fulfilling.give_up(fact, now=now))
            case SubscriptionChanged():
                if organization is None:
                    raise NotYet(f"customer {fact.customer_id} is nobody's here")
                _demand_same(fact, organization)
                transitions.follow(
                    fact, organization=organization, generation=generation, now=now
                )
                done.append(fact.status)
            case PeriodPaid():
                done.append(periods.pay(fact, now=now))
            case PeriodUnpaid():
                done.append(periods.note_unpaid(fact, now=now))
            case TrialEnding():
                done.append("trial ending")
    return organization, ", ".join(done) or fetched.note


def _demand_owner(purchase_id: UUID, organization: Organization | None) -> None:
    purchase = Purchase.objects.filter(pk=purchase_id).first()
    if purchase and (organization is None or purchase.organization_id != organization.pk):
        raise Mismatch("the purchase is not this customer's")


def _demand_same(fact: SubscriptionChanged, organization: Organization) -> None:
    known = Subscription.objects.filter(
        provider=fact.provider, provider_subscription_id=fact.subscription_id
    ).first()
    if known and known.organization_id != organization.pk:
        raise Mismatch("the subscription is not this customer's")
