"""One site per clone, told by locks that the system drops by itself when a process dies.

Two locks: the supervisor holds one alone; the other is held through an open file that every
child inherits, so it is free only when the last child of an earlier run has gone.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from servicebilling.embedded.errors import CannotStart

PATIENCE_SECONDS = 5
ORPHANS_SECONDS_MAX = 40


def take(path: Path) -> int | None:
    """Take the lock and return its open file, or None when another process holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def take_after_orphans(
    path: Path, *, orphans: Collection[int], signs: Iterable[str]
) -> int:
    """Take the children's lock; return its open file, to be inherited by the new children.

    After a crash the old children end by themselves on Linux. Those that do not are ended
    here, if their command line shows one of `signs`: a process id alone may by now be a
    stranger's.
    """
    patience = time.monotonic() + PATIENCE_SECONDS
    deadline = time.monotonic() + ORPHANS_SECONDS_MAX
    while time.monotonic() < deadline:
        file = take(path)
        if file is not None:
            return file
        if time.monotonic() > patience:
            for process in orphans:
                _end(process, signs=signs)
            patience = deadline
        time.sleep(0.1)
    raise CannotStart(
        "Processes of an earlier run are still there and do not end. Their ids: "
        + (", ".join(map(str, orphans)) or "unknown")
    )


def _end(process: int, *, signs: Iterable[str]) -> None:
    command_line = _command_line(process)
    if any(sign in command_line for sign in signs):
        # For PostgreSQL, too, this is an orderly stop; its clients end in the same breath.
        os.kill(process, signal.SIGTERM)


def _command_line(process: int) -> str:
    try:
        return (
            Path(f"/proc/{process}/cmdline").read_text(errors="replace").replace("\0", " ")
        )
    except OSError:
        shown = subprocess.run(
            ["ps", "-o", "args=", "-p", str(process)],  # noqa: S607
            capture_output=True,
            text=True,
        )
        return shown.stdout
