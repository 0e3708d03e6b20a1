"""A real Celery worker over a real broker, on the database of the test."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from servicebilling.celery import app
from servicebilling.embedded import processes, programs

STARTED_WITHIN_SECONDS = 300.0


@dataclass
class Worker:
    """`folder` holds its log; `options` come after those that `./run` gives."""

    broker: str
    folder: Path
    environment: dict[str, str]
    options: tuple[str, ...] = ()
    process: subprocess.Popen | None = field(default=None, init=False)

    @property
    def program(self) -> processes.Program:
        environment = os.environ | {
            "DATABASE_URL": _database_url(),
            "REDIS_URL": self.broker,
            **self.environment,
        }
        made = programs.worker(programs.Ground(environment, self.folder, ()))
        return replace(made, command=[*made.command, *self.options])

    def start(self) -> None:
        """Return when it takes tasks."""
        said = self._said().count(" ready.")
        self.process = processes.start(self.program)
        until(lambda: self._said().count(" ready.") > said, STARTED_WITHIN_SECONDS)

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, self.program)

    def kill(self) -> None:
        """All its processes at once, as when the machine is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_child(self) -> None:
        """The one that does the tasks; the worker itself lives."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGKILL)

    def _said(self) -> str:
        log = self.program.log
        return log.read_text(errors="replace") if log.exists() else ""


def until(is_so: Callable[[], bool], seconds_max: float) -> None:
    """Wait for it, and fail if it takes too long."""
    deadline = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


@pytest.fixture
def sends_to(monkeypatch) -> Iterator[Callable[[str], None]]:
    """Lets tasks of the test's own process go to a broker, named by its REDIS_URL."""

    def point(url: str) -> None:
        address = f"redis+socket://{url.split('://', 1)[1].split('?')[0]}"
        monkeypatch.setattr(app.conf, "broker_url", address)
        monkeypatch.setattr(app.conf, "broker_write_url", address)
        monkeypatch.setattr(app.amqp, "_producer_pool", None)

    yield point
    app.pool.force_close_all()


def _database_url() -> str:
    """The address that the settings were given, with the name of the test's own database."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
