"""Compares a provider's lists of events, checkouts and subscriptions with our rows."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from billing import customers, discrepancies, inbox, provider_runs
from billing.models import (
    Discrepancy,
    PaymentEvent,
    ProviderRun,
    Purchase,
    Subscription,
    TopUp,
)
from billing.models.subscriptions import ENDED
from billing.providers.answers import ListedCheckout, ListedSubscription, SignedEvent
from billing.providers.base import ListingProvider
from billing.reconciling import ends

Kind = Discrepancy.Kind
_NAMES = {Purchase: "purchase", TopUp: "top-up"}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that one side has and the other has not, or has otherwise."""

    kind: str
    subject: str
    ours: str
    theirs: str
    organization_id: UUID | None = None


@dataclass(slots=True)
class Outcome:
    """`missed_events` were caught up unless it was a dry run; what differs after that is
    in `differences`."""

    events: int = 0
    missed_events: int = 0
    processed: int = 0
    checkouts: int = 0
    subscriptions: int = 0
    differences: tuple[Difference, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def _untold(done: int) -> None:
    """Nobody watches."""


def reconcile(
    provider: ListingProvider,
    *,
    since: datetime,
    now: datetime,
    dry_run: bool = False,
    show: Callable[[int], None] = _untold,
) -> Outcome:
    """Catch up on events since a moment, oldest first, then compare what there is.

    Differences become rows for staff; those of before that are gone are settled. A dry run
    writes nothing, else a run is kept. `show` is told how many events have been looked at.
    Raises `ProviderError`.
    """
    if dry_run:
        return _look(provider, since=since, now=now, dry_run=True, show=show)
    kind = ProviderRun.Kind.LISTS
    with provider_runs.compared(kind, provider=provider.name, now=now) as tally:
        outcome = _look(provider, since=since, now=now, dry_run=False, show=show)
        tally.looked_at = outcome.events + outcome.checkouts + outcome.subscriptions
        if outcome.missed_events:
            tally.lines.append(
                f"{outcome.missed_events} events missed, {outcome.processed} processed now"
            )
        for row in _write(provider.name, list(outcome.differences), now):
            tally.note(row.pk)
    return outcome


def _look(
    provider: ListingProvider,
    *,
    since: datetime,
    now: datetime,
    dry_run: bool,
    show: Callable[[int], None],
) -> Outcome:
    outcome = Outcome()
    _catch_up(provider, outcome, since=since, now=now, dry_run=dry_run, show=show)
    checkouts = list(provider.list_checkouts(since=since))
    listed = list(provider.list_subscriptions())
    if not dry_run:
        ends.learn(provider, living={one.id for one in listed}, now=now)
    outcome.checkouts, outcome.subscriptions = len(checkouts), len(listed)
    found = [*_of_checkouts(provider.name, checkouts)]
    found += _of_subscriptions(provider.name, listed)
    outcome.differences = tuple(found)
    return outcome


def _catch_up(
    provider: ListingProvider,
    outcome: Outcome,
    *,
    since: datetime,
    now: datetime,
    dry_run: bool,
    show: Callable[[int], None],
) -> None:
    for event in provider.list_events(since=since):
        outcome.events += 1
        show(outcome.events)
        if _is_known(provider.name, event):
            continue
        outcome.missed_events += 1
        if dry_run:
            continue
        event_id = inbox.receive(event, provider=provider.name, now=now)
        if event_id is not None and inbox.process(event_id, now=now) in (
            PaymentEvent.State.PROCESSED,
            PaymentEvent.State.IGNORED,
        ):
            outcome.processed += 1


def _is_known(provider: str, event: SignedEvent) -> bool:
    return PaymentEvent.objects.filter(provider=provider, external_id=event.id).exists()


def _of_checkouts(
    provider: str, checkouts: Iterable[ListedCheckout]
) -> Iterable[Difference]:
    """Paid pages whose purchase or top-up was not credited, and those of nothing of ours."""
    for checkout in checkouts:
        if not checkout.is_paid or not checkout.is_purchase:
            continue
        row = _bought(checkout.purchase_id)
        theirs = f"paid {checkout.amount} {checkout.currency}"
        if row is None:
            yield Difference(Kind.ORPHAN_CHECKOUT, checkout.id, "no purchase", theirs)
        elif row.state not in (Purchase.State.FULFILLED, TopUp.State.CREDITED):
            yield Difference(
                Kind.PAID_NOT_CREDITED,
                checkout.id,
                f"{_NAMES[type(row)]} {row.pk} is {row.state}",
                theirs,
                row.organization_id,
            )


def _bought(reference: UUID | None) -> Purchase | TopUp | None:
    """Return what a page was for; ids are unique over both kinds."""
    if reference is None:
        return None
    purchase = Purchase.objects.filter(pk=reference).first()
    return purchase or TopUp.objects.filter(pk=reference).first()


def _of_subscriptions(
    provider: str, listed: Iterable[ListedSubscription]
) -> Iterable[Difference]:
    rows = {
        row.provider_subscription_id: row
        for row in Subscription.objects.filter(provider=provider)
    }
    seen = set()
    for one in listed:
        seen.add(one.id)
        row = rows.get(one.id)
        ours = "not known" if row is None else _told(row)
        if ours != one.told():
            owner = customers.organization_of(provider, one.customer_id)
            yield Difference(
                Kind.SUBSCRIPTION_DIFFERS,
                one.id,
                ours,
                one.told(),
                owner.pk if owner else None,
            )
    for id, row in rows.items():
        if id not in seen and row.status not in ENDED:
            yield Difference(
                Kind.SUBSCRIPTION_DIFFERS, id, _told(row), "gone", row.organization_id
            )


def _told(row: Subscription) -> str:
    until = f"{row.period_ends_at:%Y-%m-%d}" if row.period_ends_at else "-"
    return f"{row.status} until {until}"


def _write(provider: str, found: list[Difference], now: datetime) -> list[Discrepancy]:
    rows = [
        discrepancies.open_one(provider=provider, now=now, **asdict(one)) for one in found
    ]
    still = {(one.kind, one.subject) for one in found}
    compared = (Kind.ORPHAN_CHECKOUT, Kind.PAID_NOT_CREDITED, Kind.SUBSCRIPTION_DIFFERS)
    before = Discrepancy.objects.filter(
        provider=provider, kind__in=compared, settled_at=None
    )
    for row in before:
        if (row.kind, row.subject) not in still:
            discrepancies.settle(
                kind=row.kind,
                provider=provider,
                subject=row.subject,
                settlement="gone at the next look",
                now=now,
            )
    return rows
