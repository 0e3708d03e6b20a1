"""Own the children: start them, start again what dies, stop all in order.

Signals only set an event; every wait looks at it. So a child is never lost between being
started and being known.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from servicebilling.embedded import processes
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.processes import Program

# Children stop stage by stage, the last stage first.
DATABASE, BROKER, SITE = range(3)
PAUSE_SECONDS_MAX = 30
# A child that lived this long has recovered: its next death is a first one.
RECOVERED_SECONDS = 60


class StopAsked(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


@dataclass
class Child:
    program: Program
    stage: int
    process: subprocess.Popen[bytes]
    started_at: float
    deaths: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    say: Callable[[str], None]
    # Called whenever the set of living children changes.
    changed: Callable[[], None] = lambda: None
    children: list[Child] = field(default_factory=list)
    stop_asked: threading.Event = field(default_factory=threading.Event)

    def listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop_asked.set())

    def start(self, program: Program, *, stage: int) -> Child:
        """Start a child that is to live until the end."""
        child = Child(program, stage, processes.start(program), time.monotonic())
        self.children.append(child)
        self.changed()
        return child

    def expect(self, child: Child) -> None:
        """Return if the child lives; raise CannotStart with its last words if it does not,
        and StopAsked if somebody wants to stop. For use inside a wait."""
        if self.stop_asked.is_set():
            raise StopAsked
        if child.process.poll() is not None:
            raise CannotStart(self.last_words(child.program))

    def run(self, *programs: Program) -> None:
        """Run children at once, each to its end; when one fails stop the others, and raise
        CannotStart with its last words."""
        running = [(processes.start(program), program) for program in programs]
        try:
            while any(process.poll() is None for process, _ in running):
                for process, program in running:
                    if process.poll():
                        raise CannotStart(self.last_words(program))
                if self.stop_asked.wait(0.02):
                    raise StopAsked
            for process, program in running:
                if process.returncode:
                    raise CannotStart(self.last_words(program))
        finally:
            for process, program in running:
                processes.stop(process, program)

    def last_words(self, program: Program) -> str:
        tail = processes.last_lines(program.log, count=15)
        return f"`{program.name}` failed. The end of {program.log}:\n\n{tail}"

    def watch(self) -> None:
        """Keep the children alive until somebody asks to stop."""
        while not self.stop_asked.wait(0.3):
            for child in self.children:
                self._tend(child, now=time.monotonic())

    def _tend(self, child: Child, *, now: float) -> None:
        if child.restart_at is not None:
            if now >= child.restart_at:
                child.process = processes.start(child.program)
                child.started_at, child.restart_at = now, None
                self.changed()
        elif child.process.poll() is not None:
            if now - child.started_at > RECOVERED_SECONDS:
                child.deaths = 0
            pause = min(2**child.deaths, PAUSE_SECONDS_MAX)
            child.deaths += 1
            child.restart_at = now + pause
            self.say(
                f"{child.program.name} ended ({_reason(child.process.returncode)});"
                f" starting it again in {pause} s. See {child.program.log}"
            )

    def stop(self) -> None:
        """Stop all children: the site, then the broker, then the database."""
        for stage in (SITE, BROKER, DATABASE):
            leaving = [child for child in self.children if child.stage == stage]
            for child in leaving:
                processes.ask(child.process, child.program)
            for child in leaving:
                processes.stop(child.process, child.program)
        self.children.clear()


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
