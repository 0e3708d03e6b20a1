"""Everything that is remembered, and what time it is.

Objects are plain dicts as Vapi shows them; keys that begin with an underscore are the
stand-in's own and never shown. One lock guards all of it.
"""

import heapq
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

Row = dict[str, Any]

SETTINGS: Row = {
    # How many seconds of a call pass in one second. A call that talks for two minutes ends
    # after one second at a pace of 120, and its report still says two minutes.
    "pace": 1.0,
    # How the next calls go, unless `next_calls` says.
    "ring_seconds": 2.0,
    "talk_seconds": 75.0,
    # The report comes so long after the end.
    "report_seconds": 4.0,
    # Ids of numbers and assistants that nobody made here are taken as known.
    "adopts_unknown": True,
    "credits": "25.00",
    # With `false` messages wait until they are taken from `outbox`.
    "delivers_by_itself": True,
}


def new_id() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


@dataclass
class Box:
    base_url: str = "http://127.0.0.1"
    # Where messages go that no server of a call, assistant or number takes.
    webhook_url: str = ""
    webhook_secret: str = ""
    api_key: str = ""
    wall: Callable[[], float] = time.time
    lock: threading.RLock = field(default_factory=threading.RLock)
    settings: Row = field(default_factory=lambda: dict(SETTINGS))
    calls: dict[str, Row] = field(default_factory=dict)
    numbers: dict[str, Row] = field(default_factory=dict)
    assistants: dict[str, Row] = field(default_factory=dict)
    faults: list[Row] = field(default_factory=list)
    # How the next calls go, in order: ring_seconds, talk_seconds (null: nobody answers).
    next_calls: list[Row] = field(default_factory=list)
    outbox: list[Row] = field(default_factory=list)
    # What was sent and what came back, newest last.
    sent: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbering: Any = field(default_factory=count)
    # Woken when something new is on the agenda.
    is_due: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall(), UTC)

    def after(self, seconds: float, act: Callable[[], None], *, paced: bool = True) -> None:
        """Do something later; by the pace of calls, or (`paced=False`) by the clock."""
        wait = seconds / float(self.settings["pace"]) if paced else seconds
        with self.lock:
            entry = (self.wall() + wait, next(self.numbering), act)
            heapq.heappush(self.agenda, entry)
        self.is_due.set()

    def run_due(self) -> None:
        """Do what is due by now."""
        while True:
            with self.lock:
                if not self.agenda or self.agenda[0][0] > self.wall():
                    return
                _, _, act = heapq.heappop(self.agenda)
                try:
                    act()
                except Exception as error:
                    self.mistakes.append(f"{type(error).__name__}: {error}")

    def seconds_to_next(self) -> float:
        with self.lock:
            if not self.agenda:
                return 1.0
            return min(1.0, max(0.0, self.agenda[0][0] - self.wall()))

    def reset(self) -> None:
        """Forget everything but where messages go."""
        with self.lock:
            self.settings = dict(SETTINGS)
            for kept in (self.calls, self.numbers, self.assistants):
                kept.clear()
            lists = (self.faults, self.next_calls, self.outbox, self.sent, self.agenda)
            for some in (*lists, self.requests, self.mistakes):
                some.clear()


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(number: float) -> timedelta:
    return timedelta(milliseconds=round(1000 * number))


def shown(row: Row) -> Row:
    """The object as Vapi shows it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}
