"""From a hint to facts: the payment is verified with Flutterwave, and only what that answer
says counts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing.events import (
    Failed,
    Paid,
    PeriodPaid,
    SubscriptionChanged,
    SubscriptionItem,
    SubscriptionStopped,
)
from billing.providers.answers import FetchedFacts
from billing.providers.base import ProviderError
from billing.providers.flutterwave import (
    hooks,
    periods,
    plans,
    references,
    refunds,
    subscriptions,
    transactions,
)
from billing.providers.flutterwave.client import NAME, Gateway, Missing
from billing.providers.flutterwave.plans import KnownPlan
from billing.providers.flutterwave.references import Reference
from billing.providers.flutterwave.subscriptions import Subscribed
from billing.providers.flutterwave.transactions import FAILED, SUCCESSFUL, Transaction


def fetch(gateway: Gateway, event_type: str, hint: Mapping[str, Any]) -> FetchedFacts:
    """Return what an event means today. Raises `ProviderError`, to be tried again, where
    Flutterwave does not (yet) know what it told us."""
    match event_type:
        case hooks.CHARGE:
            paid = transactions.verify(gateway, str(hint.get("transaction_id", "")))
            if paid.status not in (SUCCESSFUL, FAILED) and hint.get("status") == SUCCESSFUL:
                raise ProviderError("told to be paid, but not yet so", retry=True)
            return of_transaction(gateway, paid)
        case hooks.CANCELLED:
            return _stopped(gateway, hint)
        case hooks.REFUND:
            refund = refunds.retrieve(gateway, str(hint.get("refund_id", "")))
            return FetchedFacts(facts=(refund,))
    return FetchedFacts(note=f"nothing follows from {event_type}")


def look_up(gateway: Gateway, id: UUID, *, is_plan: bool) -> FetchedFacts:
    """Return what became of the payment of one of our rows."""
    try:
        paid = transactions.by_reference(gateway, references.text(id, is_plan=is_plan))
    except Missing:
        return FetchedFacts(reference=id, note="nothing was paid")
    return of_transaction(gateway, paid)


def of_transaction(gateway: Gateway, paid: Transaction) -> FetchedFacts:
    """Return the facts of a verified payment."""
    reference = references.parse(paid.reference)
    known = reference.id if reference else None
    if paid.status == FAILED:
        if reference is None or reference.is_plan:
            return FetchedFacts(reference=known, note=f"failed: {paid.reason}")
        return FetchedFacts(reference=known, facts=(Failed(NAME, reference.id, "failed"),))
    if paid.status != SUCCESSFUL:
        return FetchedFacts(reference=known, note=f"the payment is {paid.status}")
    if reference and not reference.is_plan:
        return FetchedFacts(reference=known, facts=(_paid(paid, reference.id),))
    return _period(gateway, paid, reference)


def _paid(paid: Transaction, id: UUID) -> Paid:
    return Paid(
        provider=NAME,
        purchase_id=id,
        payment_id=paid.id,
        amount=paid.amount,
        currency=paid.currency,
        paid_at=paid.created_at,
    )


def _period(
    gateway: Gateway, paid: Transaction, reference: Reference | None
) -> FetchedFacts:
    """A first payment carries our reference, a renewal may carry any: what both have is a
    subscription. Without exactly one, nobody can say what was paid for."""
    found = subscriptions.of_payment(gateway, paid)
    if found is None and reference is not None:
        raise ProviderError("paid, but the subscription is not there yet", retry=True)
    plan = plans.known(gateway, found.plan_id) if found else None
    if found is None or plan is None:
        return FetchedFacts(
            review=f"transaction {paid.id} of {paid.amount} {paid.currency} was paid, and"
            " it is not certain for which subscription"
        )
    return FetchedFacts(
        reference=reference.id if reference else None,
        facts=_period_facts(paid, found, plan),
    )


def _period_facts(
    paid: Transaction, found: Subscribed, plan: KnownPlan
) -> tuple[SubscriptionChanged, PeriodPaid]:
    starts_at, ends_at = periods.of_payment(
        began_at=found.created_at,
        paid_at=paid.created_at,
        billing_period=plan.billing_period,
    )
    item = SubscriptionItem(f"{found.id}:flat", found.plan_id, False, starts_at, ends_at)
    changed = SubscriptionChanged(
        provider=NAME,
        subscription_id=found.id,
        customer_id="",
        plan_code=plan.code,
        billing_period=plan.billing_period,
        status="active",
        created_at=found.created_at,
        items=(item,),
        # Between its last payment and its end a subscription is paid, though no period
        # follows.
        cancel_at=None if found.is_active else ends_at,
    )
    period = PeriodPaid(
        provider=NAME,
        subscription_id=found.id,
        invoice_id=paid.id,
        starts_at=starts_at,
        ends_at=ends_at,
        amount=paid.amount,
        currency=paid.currency,
        paid_at=paid.created_at,
    )
    return changed, period


def _stopped(gateway: Gateway, hint: Mapping[str, Any]) -> FetchedFacts:
    found = subscriptions.of_customer(
        gateway, email=str(hint.get("email", "")), plan_id=str(hint.get("plan_id", ""))
    )
    gone = [one for one in found if not one.is_active]
    return FetchedFacts(
        facts=tuple(SubscriptionStopped(NAME, one.id) for one in gone),
        note="" if gone else "no subscription of that customer has stopped",
    )
