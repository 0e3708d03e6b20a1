"""What an event of Stripe's means: its objects are fetched, and the facts follow from them
alone. So the same facts come out whatever order the events arrive in."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from billing.events import Fact, Failed, Paid, TrialEnding
from billing.providers.answers import FetchedFacts
from billing.providers.stripe import (
    invoices,
    invoicing,
    reversals,
    snapshots,
    subscriptions,
    usage,
)
from billing.providers.stripe.client import NAME, Gateway, Missing, Row
from billing.providers.stripe.subjects import (
    object_of,
    subscription_of_invoice,
    subscription_of_schedule,
    text_id,
)
from servicebilling.lib import money

Reader = Callable[[Gateway, str, str], FetchedFacts]


def fetch(gateway: Gateway, event_type: str, body: Mapping[str, Any]) -> FetchedFacts:
    """Return what an event means today. Raises `ProviderError` when Stripe does not answer.

    Nothing follows from types that are not known, nor from objects that are gone.
    """
    read = _meter_errors if event_type in THIN else READERS.get(event_type)
    if read is None:
        return FetchedFacts(note=f"nothing follows from {event_type}")
    about = body if event_type in THIN else object_of(body)
    id = text_id(about.get("id"))
    if not id:
        return FetchedFacts(note="the event names no object")
    return _read(read, gateway, id, event_type)


def of_subscription(gateway: Gateway, id: str) -> FetchedFacts:
    """Return what a subscription is today, without any event. Raises `ProviderError`."""
    return _read(_subscription, gateway, id, "")


def _read(read: Reader, gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    try:
        return read(gateway, id, event_type)
    except Missing as error:
        return FetchedFacts(note=f"gone at Stripe: {error}")


def _session(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    params: Any = {"expand": ["payment_intent.latest_charge"]}
    session = gateway.ask(lambda client: client.v1.checkout.sessions.retrieve(id, params))
    if session["mode"] == "payment":
        return purchase_facts(session, event_type)
    subscription = text_id(session.get("subscription"))
    if session["mode"] == "subscription" and subscription:
        return _subscription(gateway, subscription, event_type)
    return FetchedFacts(
        customer_id=text_id(session.get("customer")),
        note=f"nothing was subscribed to: the page is {session['status']}",
    )


def purchase_facts(session: Row, event_type: str) -> FetchedFacts:
    """Return what a session of one payment says. Pure.

    The amount is net: what was asked for, without tax that came on top.
    """
    customer = text_id(session.get("customer"))
    purchase_id = _purchase_id(session)
    if purchase_id is None:
        return FetchedFacts(customer, note="the session is of no purchase of ours")
    if session["payment_status"] in ("paid", "no_payment_required"):
        return FetchedFacts(customer, (_paid(session, purchase_id),))
    if session["status"] == "expired":
        return FetchedFacts(customer, (Failed(NAME, purchase_id, "expired"),))
    if event_type == "checkout.session.async_payment_failed":
        return FetchedFacts(customer, (Failed(NAME, purchase_id, "failed"),))
    return FetchedFacts(customer, note="the payment is still under way")


def _paid(session: Row, purchase_id: UUID) -> Paid:
    currency = session["currency"].upper()
    intent = session.get("payment_intent")
    intent = intent if isinstance(intent, dict) else {}
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, dict) else {}
    discount = (session.get("total_details") or {}).get("amount_discount") or 0
    return Paid(
        provider=NAME,
        purchase_id=purchase_id,
        # Nothing due makes no payment; the session stands for it.
        payment_id=text_id(session.get("payment_intent")) or session["id"],
        amount=money.from_minor(session["amount_subtotal"] - discount, currency),
        currency=currency,
        tax=money.from_minor(
            (session.get("total_details") or {}).get("amount_tax") or 0, currency
        ),
        paid_at=snapshots.moment(
            charge.get("created") or intent.get("created") or session["created"]
        ),
    )


def _purchase_id(session: Row) -> UUID | None:
    given = (session.get("metadata") or {}).get("purchase_id")
    try:
        return UUID(given or session.get("client_reference_id") or "")
    except ValueError:
        return None


def _subscription(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    found = subscriptions.retrieve(gateway, id)
    latest = text_id(found.get("latest_invoice"))
    return _about(gateway, found, _retrieve_invoice(gateway, latest) if latest else None)


def _schedule(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    found = gateway.ask(lambda client: client.v1.subscription_schedules.retrieve(id))
    subscription_id = subscription_of_schedule(found)
    if not subscription_id:
        return FetchedFacts(text_id(found["customer"]), note="it is of no subscription")
    return _subscription(gateway, subscription_id, event_type)


def _invoice(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    invoice = _retrieve_invoice(gateway, id)
    subscription_id = subscription_of_invoice(invoice)
    if not subscription_id:
        return _of_no_subscription(gateway, invoice)
    return _about(gateway, subscriptions.retrieve(gateway, subscription_id), invoice)


def _not_final(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    """A draft that Stripe cannot close asks nobody for money: somebody must mend why."""
    invoice = _retrieve_invoice(gateway, id)
    if invoice["status"] != "draft":
        return _invoice(gateway, id, event_type)
    error = invoice.get("last_finalization_error") or {}
    why = error.get("message") or "Stripe does not say why."
    return FetchedFacts(
        text_id(invoice.get("customer")), review=f"{id} could not be finalized: {why}"
    )


def _retrieve_invoice(gateway: Gateway, id: str) -> Row:
    """Return an invoice with the payments within. From a subscription that would be five
    levels down, and Stripe expands four."""
    params: Any = {"expand": ["payments.data.payment.payment_intent"]}
    return gateway.ask(lambda client: client.v1.invoices.retrieve(id, params))


def _of_no_subscription(gateway: Gateway, invoice: Row) -> FetchedFacts:
    customer = text_id(invoice.get("customer"))
    fact = invoicing.invoiced(_with_all_lines(gateway, invoice), is_period=False)
    if fact is None:
        return FetchedFacts(customer, note="the invoice is a draft")
    return FetchedFacts(customer, (fact,))


def _about(gateway: Gateway, subscription: Row, invoice: Row | None) -> FetchedFacts:
    """Return a subscription's snapshot, and what its invoice says about the period."""
    customer = text_id(subscription["customer"])
    changed = snapshots.changed(subscription)
    if changed is None:
        return FetchedFacts(customer, note=f"{subscription['id']} is of no plan of ours")
    facts: list[Fact] = [changed]
    if invoice is not None:
        whole = _with_all_lines(gateway, invoice)
        facts += invoices.facts(subscription, whole)
        is_period = invoices.is_of_period(subscription, whole)
        if (document := invoicing.invoiced(whole, is_period=is_period)) is not None:
            facts.append(document)
    elif subscription["status"] == "trialing":
        facts.append(snapshots.trial_without_invoice(subscription))
    return FetchedFacts(customer, tuple(facts))


def _with_all_lines(gateway: Gateway, invoice: Row) -> Row:
    if not invoice["lines"].get("has_more"):
        return invoice
    rows = gateway.ask_all(
        lambda client: client.v1.invoices.line_items.list(invoice["id"], {"limit": 100})
    )
    return invoice | {"lines": {"data": rows}}


def _trial_end(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    found = subscriptions.retrieve(gateway, id)
    customer = text_id(found["customer"])
    if found["status"] != "trialing" or not found.get("trial_end"):
        return FetchedFacts(customer, note="the trial is over already")
    ends_at = snapshots.moment(found["trial_end"])
    return FetchedFacts(customer, (TrialEnding(NAME, id, ends_at),))


def _refund(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    return FetchedFacts(facts=(reversals.of_refund(gateway, id),))


def _charge(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    return FetchedFacts(facts=reversals.of_charge(gateway, id))


def _dispute(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    return FetchedFacts(facts=(reversals.of_dispute(gateway, id),))


def _meter_errors(gateway: Gateway, id: str, event_type: str) -> FetchedFacts:
    return FetchedFacts(facts=(usage.refused(gateway, id),))


# Their events carry no object: the event itself is fetched.
THIN = ("v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found")

READERS: dict[str, Reader] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "checkout.session.expired": _session,
    "customer.subscription.created": _subscription,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription,
    "customer.subscription.paused": _subscription,
    "customer.subscription.resumed": _subscription,
    "customer.subscription.pending_update_applied": _subscription,
    "customer.subscription.pending_update_expired": _subscription,
    "customer.subscription.trial_will_end": _trial_end,
    "subscription_schedule.updated": _schedule,
    "subscription_schedule.released": _schedule,
    "invoice.finalized": _invoice,
    "invoice.finalization_failed": _not_final,
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,
    "invoice.payment_action_required": _invoice,
    "invoice.voided": _invoice,
    "invoice.marked_uncollectible": _invoice,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refunded": _charge,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
    "charge.dispute.closed": _dispute,
}
