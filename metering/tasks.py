"""Wake-ups over rows that the database keeps: a lost task loses nothing."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accounts import periodic_runs
from metering.balances import cycles
from metering.calls import inbox, sweep
from metering.usage import exports


@shared_task
def roll_over_cycles() -> None:
    now = timezone.now()
    if periodic_runs.claim("roll_over_cycles", every=timedelta(minutes=1), now=now):
        for organization_id in cycles.due(now):
            cycles.roll_over(organization_id, now=now)


@shared_task
def sweep_holds() -> None:
    now = timezone.now()
    if periodic_runs.claim("sweep_holds", every=timedelta(minutes=1), now=now):
        sweep.run(now=now)


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
        periodic_runs.purge(now=now)


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
