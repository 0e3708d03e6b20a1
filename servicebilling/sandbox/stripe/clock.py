"""Move time, and do what falls due on the way, each thing at its own moment.

Time passes by itself; the control API and Stripe's test clocks move it. A customer made with
a test clock lives by that clock alone, all others by the main one.
"""

import heapq
import logging
import threading
import traceback
from collections.abc import Callable

from servicebilling.sandbox.stripe.box import MAIN_CLOCK, Box

Job = Callable[[Box, str], None]
JOBS: dict[str, Job] = {}
TICK_SECONDS = 0.5

log = logging.getLogger(__name__)


def does(name: str) -> Callable[[Job], Job]:
    """Register what is done when such a job falls due.

    A job is given the id it was planned for and looks for itself whether there is still
    something to do: plans are never withdrawn.
    """

    def register(job: Job) -> Job:
        JOBS[name] = job
        return job

    return register


def plan(box: Box, name: str, id: str, *, at: int, customer: str | None = None) -> None:
    """Have a job done at a moment of that customer's clock."""
    # The count keeps jobs of one moment in the order in which they were planned.
    box.plans += 1
    jobs = box.agenda.setdefault(box.clock_of(customer), [])
    heapq.heappush(jobs, [at, box.plans, name, id])


def next_due(box: Box, clock: str = MAIN_CLOCK) -> int | None:
    jobs = box.agenda.get(clock)
    return jobs[0][0] if jobs else None


def run_due(box: Box, clock: str = MAIN_CLOCK, *, until: int | None = None) -> int:
    """Do everything due by `until` (or by now), moment by moment; return how much it was."""
    until = box.moment(clock) if until is None else until
    jobs = box.agenda.setdefault(clock, [])
    count = 0
    while jobs and jobs[0][0] <= until:
        at, _, name, id = heapq.heappop(jobs)
        box.held[clock] = at
        try:
            JOBS[name](box, id)
        except Exception:
            # One broken job must not stop time for everybody else.
            box.note_mistake(f"{name} {id}\n{traceback.format_exc()}")
            log.exception("The job %s of %s failed", name, id)
        finally:
            del box.held[clock]
        count += 1
    return count


def advance(box: Box, to: int) -> int:
    """Move the main clock forward to a moment; return how many jobs that took."""
    count = run_due(box, until=to)
    if box.frozen_at is not None:
        box.frozen_at = to
    else:
        box.ahead_seconds += to - box.now()
    return count


class Ticker:
    """Lets real time pass for the box, in a thread of its own."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.is_over.set()
        self.thread.join(timeout=10)

    def _run(self) -> None:
        while not self.is_over.wait(TICK_SECONDS):
            with self.box.lock:
                if run_due(self.box):
                    self.box.changed()
