"""Each period of a periodic task is done once, however many schedulers ask for it."""

from datetime import UTC, datetime, timedelta

from accounts.models import PeriodicRun

# Done each minute for its own sake: as long as it is, beat and a worker are alive.
HEARTBEAT = "heartbeat"

# Long enough to explain last month, short enough to stay small.
KEPT = timedelta(days=35)


def claim(task: str, *, every: timedelta, now: datetime) -> bool:
    """Return True to the one caller who may do this period of the task.

    Periods are cut from the epoch, so all machines agree on them.
    """
    seconds = int(every.total_seconds())
    start = int(now.timestamp()) // seconds * seconds
    period = datetime.fromtimestamp(start, UTC).isoformat()
    _, is_ours = PeriodicRun.objects.get_or_create(
        task=task, period=period, defaults={"started_at": now}
    )
    return is_ours


def last_start(task: str) -> datetime | None:
    """Return when a period of the task was last begun."""
    runs = PeriodicRun.objects.filter(task=task).order_by("-started_at")
    return runs.values_list("started_at", flat=True).first()


def purge(*, now: datetime) -> int:
    """Forget old runs; returns how many."""
    deleted, _ = PeriodicRun.objects.filter(started_at__lt=now - KEPT).delete()
    return deleted
