"""Wake-ups over rows that the database keeps: a lost task loses nothing."""

import logging
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accounts import periodic_runs
from billing import (
    archives,
    catalogue_telling,
    erasing,
    forgetting,
    inbox,
    losses,
    money_days,
    payment_lists,
    pending,
    provider_runs,
)
from billing.documents import credit_notes, receipts, telling
from billing.invoices import dunning, issuing
from billing.letters import digest, low_usage, minutes, payments, posting
from billing.overage import collecting, comparing, deciding, ending, sending
from billing.providers import registry
from billing.reconciling import comparing as comparing_lists
from billing.reversals import recording, refunding
from billing.subscriptions import transitions, unrenewed
from billing.topups import charging

log = logging.getLogger(__name__)


@shared_task
def process_event(event_id: int) -> None:
    inbox.process(event_id, now=timezone.now())


@shared_task
def process_due_events() -> None:
    now = timezone.now()
    if periodic_runs.claim("process_due_events", every=timedelta(seconds=30), now=now):
        for event_id in inbox.due(now=now):
            inbox.process(event_id, now=timezone.now())


@shared_task(soft_time_limit=1500, time_limit=1560)
def make_archive(export_id: str) -> None:
    archives.make(UUID(export_id), now=timezone.now())


@shared_task
def make_waiting_archives() -> None:
    """Begins files whose own wake-up got lost, and those that a worker left half-made."""
    now = timezone.now()
    if periodic_runs.claim("make_waiting_archives", every=timedelta(minutes=1), now=now):
        for export_id in archives.due(now=now):
            make_archive.delay(str(export_id))


@shared_task
def erase_what_is_due() -> None:
    now = timezone.now()
    if periodic_runs.claim("erase_what_is_due", every=timedelta(hours=1), now=now):
        erasing.run_due(now=now)


@shared_task
def end_grace() -> None:
    now = timezone.now()
    if periodic_runs.claim("end_grace", every=timedelta(minutes=5), now=now):
        transitions.push_overdue(now=now)


@shared_task
def verify_pending_payments() -> None:
    now = timezone.now()
    if periodic_runs.claim("verify_pending_payments", every=timedelta(minutes=10), now=now):
        pending.verify_due(now=now)


@shared_task
def charge_top_ups() -> None:
    now = timezone.now()
    if periodic_runs.claim("charge_top_ups", every=timedelta(seconds=15), now=now):
        charging.charge_due(now=now)
        charging.resume(now=now)


@shared_task
def charge_low_wallets() -> None:
    now = timezone.now()
    if periodic_runs.claim("charge_low_wallets", every=timedelta(minutes=10), now=now):
        charging.charge_low(now=now)


@shared_task
def compare_payments() -> None:
    now = timezone.now()
    if periodic_runs.claim("compare_payments", every=timedelta(days=1), now=now):
        payment_lists.compare(now=now)


@shared_task(soft_time_limit=1500, time_limit=1560)
def sum_money_days() -> None:
    now = timezone.now()
    if periodic_runs.claim("sum_money_days", every=timedelta(minutes=10), now=now):
        money_days.sum_recent(now=now)
        losses.look(now=now)
    if periodic_runs.claim("sum_late_money_days", every=timedelta(days=1), now=now):
        money_days.sum_late(now=now)


@shared_task(soft_time_limit=600, time_limit=660)
def tell_catalogue(run_id: int) -> None:
    catalogue_telling.tell(run_id, now=timezone.now())


@shared_task(soft_time_limit=1500, time_limit=1560)
def tell_asked_catalogues() -> None:
    """Begins what staff asked for and whose own wake-up got lost."""
    now = timezone.now()
    if periodic_runs.claim("tell_asked_catalogues", every=timedelta(minutes=1), now=now):
        for run_id in provider_runs.waiting():
            catalogue_telling.tell(run_id, now=timezone.now())


@shared_task
def notice_unrenewed() -> None:
    now = timezone.now()
    if periodic_runs.claim("notice_unrenewed", every=timedelta(minutes=5), now=now):
        unrenewed.notice(now=now)


@shared_task
def deliver_overage() -> None:
    now = timezone.now()
    if periodic_runs.claim("deliver_overage", every=timedelta(minutes=1), now=now):
        collecting.collect(now=now)
        for row_id in sending.due(now=now):
            sending.send(row_id, now=timezone.now())


@shared_task
def bill_months() -> None:
    """What other meters charged, pay-as-you-go invoices, and the papers of payments."""
    now = timezone.now()
    if periodic_runs.claim("bill_months", every=timedelta(minutes=5), now=now):
        collecting.collect_meters(now=now)
        issuing.issue_due(now=now)
        dunning.push_overdue(now=now)
        receipts.issue_missing(now=now)
        credit_notes.issue_missing(now=now)


@shared_task
def reconcile_payments() -> None:
    """Catch up on news that was missed, and tell staff what differs."""
    now = timezone.now()
    if not periodic_runs.claim("reconcile_payments", every=timedelta(days=1), now=now):
        return
    if "stripe" in registry.available():
        stripe = registry.listing("stripe")
        comparing_lists.reconcile(stripe, since=now - timedelta(days=3), now=now)


@shared_task
def tell_customer_details() -> None:
    now = timezone.now()
    if not periodic_runs.claim(
        "tell_customer_details", every=timedelta(minutes=1), now=now
    ):
        return
    if telling.PROVIDER in registry.available():
        telling.tell_changed(now=now)


@shared_task
def give_refunds() -> None:
    """Ask again for refunds that nobody answered for, and for those on their way."""
    now = timezone.now()
    if periodic_runs.claim("give_refunds", every=timedelta(minutes=10), now=now):
        refunding.give_due(now=now)
    if periodic_runs.claim("follow_refunds", every=timedelta(hours=6), now=now):
        refunding.follow(now=now)


@shared_task
def check_overage() -> None:
    now = timezone.now()
    if periodic_runs.claim("check_overage", every=timedelta(hours=1), now=now):
        ending.settle_ended(now=now)
        comparing.resolve_uncertain(now=now)
        recording.align_running(now=now)
    if periodic_runs.claim("compare_overage", every=timedelta(days=1), now=now):
        comparing.compare_all(now=now)
        deciding.notice_unbilled(now=now)


@shared_task
def write_low_usage_letters() -> None:
    now = timezone.now()
    if periodic_runs.claim("write_low_usage_letters", every=timedelta(hours=1), now=now):
        low_usage.write_due(now=now, by_daytime=True)


@shared_task
def write_letters() -> None:
    """What happened since: run out, back again, paid, not paid, declined."""
    now = timezone.now()
    if periodic_runs.claim("write_letters", every=timedelta(minutes=1), now=now):
        minutes.write_gone(now=now)
        minutes.write_back(now=now)
        payments.write_failed(now=now)
        payments.write_overdue(now=now)
        payments.write_receipts(now=now)
        payments.write_pauses(now=now)


@shared_task
def write_staff_digest() -> None:
    now = timezone.now()
    if periodic_runs.claim("write_staff_digest", every=timedelta(days=1), now=now):
        digest.write_due(now=now)


@shared_task(soft_time_limit=1500, time_limit=1560)
def purge_personal_data() -> None:
    now = timezone.now()
    if periodic_runs.claim("purge_personal_data", every=timedelta(days=1), now=now):
        forgetting.forget(now=now)
        provider_runs.purge(now=now)


@shared_task
def post_letters() -> None:
    now = timezone.now()
    if periodic_runs.claim("post_letters", every=timedelta(minutes=1), now=now):
        posting.post_due(now=now)


def wake(event_id: int) -> None:
    """Ask the worker to process an event now; without a broker, beat finds it soon."""
    try:
        process_event.delay(event_id)
    except BrokerError:
        log.warning("no broker: event %s waits for the next sweep", event_id)


def wake_catalogue(run_id: int) -> bool:
    """Ask the worker to tell a provider of the catalogue now; False without a broker."""
    try:
        tell_catalogue.apply_async([run_id], retry=False)
    except BrokerError:
        log.warning("no broker: run %s waits for the clock", run_id)
        return False
    return True
