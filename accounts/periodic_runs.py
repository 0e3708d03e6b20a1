"""Each period of a periodic task is done once, however many schedulers ask for it."""

from datetime import UTC, datetime, timedelta

from celery import current_task

from accounts.models import PeriodicRun

# Done each minute for its own sake: as long as it is, beat and a worker are alive.
HEARTBEAT = "heartbeat"

# Long enough to explain last month, short enough to stay small.
KEPT = timedelta(days=35)


def claim(task: str, *, every: timedelta, now: datetime) -> bool:
    """Return True to the one caller who may do this period of the task.

    Periods are cut from the epoch, so all machines agree on them. A message that comes again
    was not acknowledged: its worker was killed in the middle. So it may go on with what it
    had begun, and a daily task does not wait for the next day.
    """
    message = _message_id()
    seconds = int(every.total_seconds())
    start = int(now.timestamp()) // seconds * seconds
    period = datetime.fromtimestamp(start, UTC).isoformat()
    run, is_new = PeriodicRun.objects.get_or_create(
        task=task, period=period, defaults={"started_at": now, "message_id": message}
    )
    return is_new or (message != "" and run.message_id == message)


def _message_id() -> str:
    """The message that the worker is at; empty where a function is called by hand."""
    return (current_task.request.id or "") if current_task else ""


def last_start(task: str) -> datetime | None:
    """Return when a period of the task was last begun."""
    runs = PeriodicRun.objects.filter(task=task).order_by("-started_at")
    return runs.values_list("started_at", flat=True).first()


def purge(*, now: datetime) -> int:
    """Forget old runs; returns how many."""
    deleted, _ = PeriodicRun.objects.filter(started_at__lt=now - KEPT).delete()
    return deleted
