"""Real schedulers of django-celery-beat under a clock that the test moves."""

from datetime import UTC, datetime, timedelta

from celery import current_app, signals
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from servicebilling.clockwork import ENTRIES


class Beat:
    """One process of beat, of which a thread of the test's takes the place.

    What it sends is done at once and in its own thread, as by a worker that was idle.
    """

    def __init__(self) -> None:
        self._scheduler = DatabaseScheduler(app=current_app._get_current_object())
        # It is killed, never stopped: nothing is written when the test process ends.
        self._scheduler._finalize.cancel()
        # Asks for a broker otherwise.
        self._scheduler.producer = None

    def turn(self) -> None:
        """Send what is due at this moment."""
        while self._scheduler.tick() <= 0:
            pass


class Failures:
    """What tasks raised while this was open; beat itself would only log it."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __enter__(self) -> "Failures":
        signals.task_failure.connect(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        signals.task_failure.disconnect(self._note)

    def _note(self, sender: object, exception: Exception, **_: object) -> None:
        self.seen.append(f"{sender}: {exception!r}")


def all_due_on_the_hour(*, begin: datetime) -> None:
    """Let each job have run last at the last whole multiple of its period before `begin`."""
    for entry in ENTRIES:
        every = timedelta(seconds=entry.every_seconds)
        PeriodicTask.objects.filter(name=entry.name).update(
            last_run_at=periods(begin - every, begin, every)[0]
        )


def periods(begin: datetime, end: datetime, every: timedelta) -> list[datetime]:
    """Return the starts, from `begin` on and before `end`, of periods cut from the epoch."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    at = epoch + -(-(begin - epoch) // every) * every
    found = []
    while at < end:
        found.append(at)
        at += every
    return found
