"""A provider's lists of payments and refunds beside ours. What we did not hear of is taken
over, like the event that did not come; what they took and we cannot count is for staff."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from billing import discrepancies, inbox, payments, provider_runs
from billing.handlers import reversals
from billing.models import Discrepancy, Payment, ProviderRun, Refund, TopUp
from billing.providers import registry
from billing.providers.answers import ListedPayment
from billing.providers.base import AskedProvider, ProviderError
from servicebilling.lib import money

# The list of a day is compared on the days after it, too: banks are late.
LOOKED_BACK = timedelta(days=3)
# A refund takes so long until it is certain.
REFUNDS_LOOKED_BACK = timedelta(days=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compared:
    """How many payments were listed, and of how many staff must know."""

    payments: int
    found: int


def compare(*, now: datetime) -> int:
    """Catch up on payments of the last days that nobody told us of, a renewal above all, and
    leave a row for staff for each that still is not counted, or with another amount; returns
    how many there are. Each list is kept as a run."""
    found = 0
    for name in registry.available():
        if not lists_payments(name):
            continue
        try:
            found += compare_with(name, since=now - LOOKED_BACK, now=now).found
        except ProviderError as error:
            log.error("the payments of %s could not be listed: %s", name, error)
    return found


def lists_payments(provider: str) -> bool:
    """Whether a provider lists payments, and not events. Raises `NotSold` for an unknown."""
    return hasattr(registry.get(provider), "list_payments")


def compare_with(
    name: str, *, since: datetime, now: datetime, dry_run: bool = False
) -> Compared:
    """`compare` with one provider. A dry run counts what is not counted here, takes nothing
    over and leaves no row. Raises `ProviderError`."""
    adapter = cast(AskedProvider, registry.get(name))
    if dry_run:
        listed = list(adapter.list_payments(since=since, until=now))
        missing = [one for one in listed if not payments.is_counted(name, one.id)]
        return Compared(len(listed), len(missing))
    kind = ProviderRun.Kind.PAYMENTS
    with provider_runs.compared(kind, provider=name, now=now) as tally:
        for payment in list(adapter.list_payments(since=since, until=now)):
            tally.looked_at += 1
            _catch_up(name, adapter, payment, now)
            row = _difference(name, payment, now)
            if row is not None:
                tally.note(row.pk)
        try:
            taken = _take_refunds(name, adapter, now)
        except ProviderError as error:
            tally.error = f"the refunds could not be listed: {error}"
        else:
            tally.lines += [f"refunds taken over: {taken}"] if taken else []
    return Compared(tally.looked_at, tally.found)


def _catch_up(
    provider: str, adapter: AskedProvider, payment: ListedPayment, now: datetime
) -> None:
    if not payments.is_counted(provider, payment.id):
        event_id = inbox.receive(adapter.event_of(payment), provider=provider, now=now)
        if event_id is not None:
            inbox.process(event_id, now=now)


def _take_refunds(provider: str, adapter: AskedProvider, now: datetime) -> int:
    """Take over the refunds that nobody told us of, such as those that were given on the
    provider's own pages; returns how many. Those of payments that are not ours stay theirs."""
    since = now - REFUNDS_LOOKED_BACK
    rows = Refund.objects.filter(provider=provider, created_at__gte=since)
    known = dict(rows.values_list("provider_id", "status"))
    taken = 0
    for listed in adapter.list_refunds(since=since):
        is_ours = payments.is_counted(provider, listed.payment_id)
        if is_ours and known.get(listed.id) != listed.status:
            try:
                reversals.act(adapter.refund_now(listed.id), now=now)
                taken += 1
            except Exception:
                log.exception("refund %s could not be taken over", listed.id)
    return taken


def _difference(provider: str, theirs: ListedPayment, now: datetime) -> Discrepancy | None:
    payment = payments.named(provider, theirs.id).select_related("top_up").first()
    kind, ours = Discrepancy.Kind.PAID_NOT_CREDITED, _given_for(payment)
    paid = money.shown(theirs.amount, theirs.currency)
    if ours == paid:
        discrepancies.settle(
            kind=kind, provider=provider, subject=theirs.id, settlement="mended", now=now
        )
        return None
    return discrepancies.open_one(
        kind=kind,
        provider=provider,
        subject=theirs.id,
        ours=ours,
        theirs=f"{paid} for {theirs.reference}",
        organization_id=payment.organization_id if payment else None,
        now=now,
    )


def _given_for(payment: Payment | None) -> str:
    """Return what was given for a payment here: less than came, where a top-up was paid
    otherwise than asked for."""
    if payment is None:
        return "not counted"
    top_up = payment.top_up
    if top_up is None:
        return money.shown(payment.amount, payment.currency)
    if top_up.state == TopUp.State.CREDITED:
        return money.shown(top_up.amount, top_up.currency)
    return "counted, not credited"
