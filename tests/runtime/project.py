"""A copy of the project in a folder of its own, and ./run in it."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servicebilling.embedded import locks, state
from servicebilling.embedded.state import BASE_DIR, State

START_SECONDS_MAX = 180
STOP_SECONDS_MAX = 60
NOT_COPIED = (
    ".venv",
    "var",
    "staticfiles",
    ".git",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
)


@contextmanager
def copied(*, owner: str | None = None) -> Iterator[Path]:
    """A copy of the project that every user can reach, in a path with spaces."""
    parent = Path(tempfile.mkdtemp(prefix="a path with spaces "))
    parent.chmod(0o755)
    folder = parent / "service billing"
    shutil.copytree(BASE_DIR, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    if owner is not None:
        for path in (parent, folder, *folder.rglob("*")):
            shutil.chown(path, owner)
    yield folder
    shutil.rmtree(parent)


def environment() -> dict[str, str]:
    """What a newcomer's shell has, and the packages that these tests run on, compiled."""
    names = ("PATH", "HOME", "TMPDIR", "PYTHONPYCACHEPREFIX")
    known = {name: os.environ[name] for name in names if name in os.environ}
    return known | {"SERVICEBILLING_VENV": sys.prefix}


@dataclass
class Run:
    """./run in `folder`, its output in a file."""

    folder: Path
    arguments: tuple[str, ...] = ()
    user: str | None = None

    def __enter__(self) -> "Run":
        self.output = self.folder.parent / f"{self.folder.name}.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                ["./run", *self.arguments],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.user,
                extra_groups=None if self.user is None else [],
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def state(self) -> State:
        found = state.read(self.var)
        assert found is not None, self.said()
        return found

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_up(self) -> "Run":
        deadline = time.monotonic() + START_SECONDS_MAX
        while "Ctrl-C" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)
        return self

    def end(self, signal_number: int) -> int:
        self.process.send_signal(signal_number)
        return self.process.wait(STOP_SECONDS_MAX)

    def get(self, path: str) -> int:
        """Return the status with which the site answers."""
        host, port = re.fullmatch(r"http://(.+):(\d+)", self.state.url).groups()
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


def left_running(folder: Path) -> list[str]:
    """Return the command lines of processes that belong to the site in `folder`; one that
    hides its command line still holds the lock."""
    lines = processes_with(str(folder))
    lock = locks.take(folder / "var" / "children.lock")
    if lock is None:
        lines.append("somebody holds the lock of the children")
    else:
        os.close(lock)
    return lines


def processes_with(sign: str) -> list[str]:
    """Return the command lines of all processes that show `sign`."""
    lines = map(_command_line, Path("/proc").glob("[0-9]*"))
    return [line.replace("\0", " ") for line in lines if sign in line]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
