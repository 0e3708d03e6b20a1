"""Wake-ups over rows that the database keeps: a lost task loses nothing."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accounts import idempotency, periodic_runs
from metering.balances import cycles
from metering.calls import endings, inbox, last_minute, reconcile, set_up, sweep
from metering.errors import ProviderNotSetUp
from metering.outgoing import delivery
from metering.providers.base import ProviderError
from metering.usage import exports, rentals
from metering.usage import holds as usage_holds
from metering.verification import watching

log = logging.getLogger(__name__)


@shared_task
def roll_over_cycles() -> None:
    now = timezone.now()
    if periodic_runs.claim("roll_over_cycles", every=timedelta(minutes=1), now=now):
        cycles.roll_over_due(now=now)


@shared_task
def sweep_holds() -> None:
    now = timezone.now()
    if periodic_runs.claim("sweep_holds", every=timedelta(minutes=1), now=now):
        sweep.run(now=now)


@shared_task
def end_calls() -> None:
    """Without a claim: each call to be ended is claimed by itself, and a wake-up must not
    wait for the next period."""
    endings.run_due(now=timezone.now())


@shared_task
def tell_last_minutes() -> None:
    """Without a claim: each call is claimed by itself."""
    last_minute.run_due(now=timezone.now())


@shared_task
def reconcile_calls() -> None:
    now = timezone.now()
    if periodic_runs.claim("reconcile_calls", every=timedelta(minutes=15), now=now):
        _compare(since=reconcile.next_since(now=now), now=now)


@shared_task
def reconcile_calls_nightly() -> None:
    """What came late, or was changed by the provider since."""
    now = timezone.now()
    if periodic_runs.claim("reconcile_calls_nightly", every=timedelta(days=1), now=now):
        _compare(since=now - timedelta(days=3), now=now)


@shared_task
def audit_provider_set_up() -> None:
    now = timezone.now()
    if periodic_runs.claim("audit_provider_set_up", every=timedelta(hours=1), now=now):
        try:
            set_up.audit(now=now)
        except (ProviderError, ProviderNotSetUp) as error:
            log.warning("the provider's set-up could not be looked at: %s", error)


def wake_endings() -> None:
    """Ask the worker to end calls now; without a broker, beat does it soon."""
    try:
        end_calls.apply_async(retry=False)
    except BrokerError:
        log.warning("no broker: calls to be ended wait for the next sweep")


def _compare(*, since: datetime, now: datetime) -> None:
    try:
        reconcile.run(since=since, now=now)
    except (ProviderError, ProviderNotSetUp) as error:
        log.warning("calls could not be compared with the provider's: %s", error)


@shared_task
def heartbeat() -> None:
    """Its run is the message: beat asks, and a worker works."""
    now = timezone.now()
    periodic_runs.claim(periodic_runs.HEARTBEAT, every=timedelta(minutes=1), now=now)


@shared_task(soft_time_limit=1500, time_limit=1560)
def check_books() -> None:
    """Ledgers, roll-ups, holds and prices of everybody, as `verify_ledger` does."""
    now = timezone.now()
    if periodic_runs.claim("check_books", every=timedelta(hours=1), now=now):
        watching.check(now=now)


@shared_task(soft_time_limit=1500, time_limit=1560)
def check_books_asked(check_id: int) -> None:
    watching.check_asked(check_id, now=timezone.now())


def wake_check(check_id: int) -> bool:
    """Ask the worker to check the books now; False without a broker."""
    try:
        check_books_asked.apply_async([check_id], retry=False)
    except BrokerError:
        log.warning("no broker: the books are checked by the clock")
        return False
    return True


@shared_task
def compare_calls_asked(days: int) -> None:
    """Without a claim: somebody of staff asked for it."""
    now = timezone.now()
    _compare(since=now - timedelta(days=days), now=now)


def wake_comparison(days: int) -> bool:
    """Ask the worker to compare calls with the provider's; False without a broker."""
    try:
        compare_calls_asked.apply_async([days], retry=False)
    except BrokerError:
        log.warning("no broker: calls are compared by the clock")
        return False
    return True


@shared_task
def retry_messages() -> None:
    now = timezone.now()
    if periodic_runs.claim("retry_messages", every=timedelta(seconds=30), now=now):
        inbox.retry_due(now=now)


@shared_task
def purge() -> None:
    now = timezone.now()
    if periodic_runs.claim("metering.purge", every=timedelta(hours=1), now=now):
        inbox.purge(now=now)
        exports.purge(now=now)
        reconcile.purge(now=now)
        delivery.give_up_unanswered(now=now)
        delivery.purge(now=now)
        periodic_runs.purge(now=now)
        idempotency.purge(now=now)
        watching.purge(now=now)


@shared_task(soft_time_limit=1500, time_limit=1560)
def make_export(export_id: str) -> None:
    exports.make(UUID(export_id), now=timezone.now())


@shared_task
def make_waiting_exports() -> None:
    """Begins files whose own wake-up got lost, and those that a worker left half-made."""
    now = timezone.now()
    if periodic_runs.claim("make_waiting_exports", every=timedelta(minutes=1), now=now):
        for export_id in exports.due(now=now):
            make_export.delay(str(export_id))


@shared_task
def sweep_usage_holds() -> None:
    now = timezone.now()
    if periodic_runs.claim("sweep_usage_holds", every=timedelta(minutes=1), now=now):
        usage_holds.sweep(now=now)


@shared_task
def charge_number_rentals() -> None:
    now = timezone.now()
    if periodic_runs.claim("charge_number_rentals", every=timedelta(hours=1), now=now):
        for organization_id in rentals.organizations_that_rent():
            charge_rental_of.delay(str(organization_id))


@shared_task
def charge_rental_of(organization_id: str) -> None:
    rentals.charge(UUID(organization_id), now=timezone.now())


@shared_task
def deliver_webhooks() -> None:
    now = timezone.now()
    if periodic_runs.claim("deliver_webhooks", every=timedelta(seconds=10), now=now):
        # One by one, so that a slow receiver keeps no other waiting.
        for delivery_id in delivery.due(now=now):
            deliver_webhook.delay(str(delivery_id))


@shared_task
def deliver_webhook(delivery_id: str) -> None:
    delivery.deliver(UUID(delivery_id), now=timezone.now())
