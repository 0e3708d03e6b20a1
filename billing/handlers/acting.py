"""Acts on the facts of one event. Each fact is keyed by its business object, so the same
fact told by two events happens once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Organization
from billing import customers, payments, references
from billing.events import (
    Disputed,
    Fact,
    Failed,
    Invoiced,
    Paid,
    PaidAgain,
    PeriodPaid,
    PeriodUnpaid,
    Refunded,
    SubscriptionChanged,
    SubscriptionStopped,
    TrialEnding,
    UsageRefused,
)
from billing.handlers import documents, reversals, usage
from billing.models import Purchase, Subscription, TopUp
from billing.models.subscriptions import ENDED, LIVING
from billing.providers.answers import FetchedFacts
from billing.purchases import fulfilling
from billing.subscriptions import periods, plan_checkouts, transitions, unrenewed
from billing.topups import fulfilling as topups


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
    if fetched.review:
        raise Mismatch(fetched.review)
    organization = _whose(fetched, provider)
    done = []
    for fact in fetched.facts:
        match fact:
            case Paid():
                _demand_owner(fact.purchase_id, organization)
                done.append(_fulfil(fact, now))
            case Failed():
                done.append(_give_up(fact, now))
            case SubscriptionChanged():
                if organization is None:
                    raise NotYet(
                        f"{fact.customer_id or fact.subscription_id} is nobody's here"
                    )
                _demand_same(fact, organization)
                _follow(fact, fetched, organization, generation=generation, now=now)
                done.append(fact.status)
            case PeriodPaid():
                done.append(periods.pay(fact, now=now))
            case PeriodUnpaid():
                done.append(periods.note_unpaid(fact, now=now))
            case SubscriptionStopped():
                done.append(unrenewed.stop(fact, now=now))
            case Refunded() | Disputed():
                done.append(reversals.act(fact, now=now))
            case Invoiced():
                done.append(documents.act(fact, organization=organization, now=now))
            case UsageRefused():
                done.append(usage.act(fact, now=now))
            case TrialEnding():
                done.append("trial ending")
    return organization, ", ".join(done) or fetched.note


def _whose(fetched: FetchedFacts, provider: str) -> Organization | None:
    if fetched.customer_id:
        return customers.organization_of(provider, fetched.customer_id)
    if fetched.reference:
        return references.organization_of(provider, fetched.reference)
    return next(filter(None, (_subscriber(fact) for fact in fetched.facts)), None)


def _subscriber(fact: Fact) -> Organization | None:
    """A renewal names nothing of ours but a subscription that is known already."""
    if not isinstance(fact, SubscriptionChanged):
        return None
    known = Subscription.objects.filter(
        provider=fact.provider, provider_subscription_id=fact.subscription_id
    ).select_related("organization")
    return known[0].organization if known else None


def _fulfil(fact: Paid, now: datetime) -> str:
    try:
        if topups.is_top_up(fact.purchase_id):
            return topups.credit(fact, now=now)
        return fulfilling.fulfil(fact, now=now)
    except PaidAgain as error:
        raise Mismatch(str(error)) from error


def _give_up(fact: Failed, now: datetime) -> str:
    if topups.is_top_up(fact.purchase_id):
        return topups.fail(fact, now=now)
    return fulfilling.give_up(fact, now=now)


def _demand_alone(fact: SubscriptionChanged, organization: Organization) -> None:
    """Pages of such a provider stay open, so two plans can be paid in two tabs: the second
    is not served, staff stop it and give its money back."""
    known = Subscription.objects.filter(organization=organization)
    if known.filter(provider_subscription_id=fact.subscription_id).exists():
        return
    if known.filter(status__in=LIVING).exists():
        raise Mismatch(f"{organization} has a plan already; stop {fact.subscription_id}")


def _follow(
    fact: SubscriptionChanged,
    fetched: FetchedFacts,
    organization: Organization,
    *,
    generation: int,
    now: datetime,
) -> None:
    if not fetched.customer_id:
        # Its events name no subscription, so there was nothing to remember before fetching.
        generation = transitions.generation_of(fact.provider, fact.subscription_id)
    paid = next((one for one in fetched.facts if isinstance(one, PeriodPaid)), None)
    if fetched.reference:
        _demand_alone(fact, organization)
        try:
            plan_checkouts.demand_paid(fetched.reference, changed=fact, paid=paid, now=now)
        except plan_checkouts.WrongAmount as error:
            raise Mismatch(str(error)) from error
    if paid and not fetched.customer_id:
        _demand_price(paid)
    transitions.follow(fact, organization=organization, generation=generation, now=now)
    if fetched.reference:
        plan_checkouts.note_email(
            fact.subscription_id, provider=fact.provider, reference=fetched.reference
        )


def _demand_price(paid: PeriodPaid) -> None:
    """A renewal that nobody but the provider computed must be what was agreed on, and of
    something that is still served: what has ended here gives nothing for it."""
    known = Subscription.objects.filter(
        provider=paid.provider, provider_subscription_id=paid.subscription_id
    ).first()
    is_over = known is not None and known.status in ENDED
    if is_over and not payments.is_counted(paid.provider, paid.invoice_id):
        raise Mismatch(
            f"{paid.amount} {paid.currency} were paid for {known}, which has ended"
        )
    if known and (paid.currency != known.currency or paid.amount < known.price):
        raise Mismatch(f"{paid.amount} {paid.currency} were paid for a period of {known}")


def _demand_owner(purchase_id: UUID, organization: Organization | None) -> None:
    if topups.is_top_up(purchase_id):
        rows: Any = TopUp.objects
    else:
        rows = Purchase.objects
    purchase = rows.filter(pk=purchase_id).first()
    if purchase and (organization is None or purchase.organization_id != organization.pk):
        raise Mismatch("the purchase is not this customer's")


def _demand_same(fact: SubscriptionChanged, organization: Organization) -> None:
    known = Subscription.objects.filter(
        provider=fact.provider, provider_subscription_id=fact.subscription_id
    ).first()
    if known and known.organization_id != organization.pk:
        raise Mismatch("the subscription is not this customer's")
