"""Start and stop one child so that it ends when told, and when its parent dies."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from servicebilling.embedded.server_user import ServerUser
from servicebilling.embedded.state import BASE_DIR

LOG_BYTES_MAX = 5_000_000
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """A child to run: what, as whom, where it writes and how it likes to be stopped."""

    name: str
    command: Sequence[str | Path]
    log: Path
    # Where standard output goes instead of the log; standard error then goes to a terminal,
    # if there is one, so that a progress bar is seen.
    output: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    user: ServerUser | None = None
    stop_signal: int = signal.SIGTERM
    stop_seconds_max: float = 15.0
    # Open files the child keeps: the listening socket, the lock of the children.
    kept_files: tuple[int, ...] = ()


def start(program: Program) -> subprocess.Popen[bytes]:
    """Start `program` with its output in its log.

    It gets a session of its own, so that Ctrl-C in the terminal reaches only the
    supervisor, which stops children in order.
    """
    with open_log(program.log) as log, open(program.output or os.devnull, "wb") as output:
        shows_progress = program.output is not None and sys.stderr.isatty()
        return subprocess.Popen(
            [str(part) for part in program.command],
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=output if program.output else log,
            stderr=None if shows_progress else log,
            start_new_session=True,
            pass_fds=program.kept_files,
            preexec_fn=end_with_parent(program.stop_signal),
            **(program.user.subprocess_options() if program.user else {"cwd": BASE_DIR}),
        )


def stop(process: subprocess.Popen[bytes], program: Program) -> int:
    """Ask the child to end, insist after its time is up; return its exit code."""
    ask(process, program)
    try:
        return process.wait(program.stop_seconds_max)
    except subprocess.TimeoutExpired:
        # The whole group: a web server's workers must not outlive it.
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def ask(process: subprocess.Popen[bytes], program: Program) -> None:
    """Ask the child to end and do not wait for it."""
    if process.poll() is None:
        process.send_signal(program.stop_signal)
        # One that is stopped (SIGSTOP) would not hear it.
        process.send_signal(signal.SIGCONT)


def end_with_parent(signal_number: int) -> Callable[[], None] | None:
    """Return what a child runs first, so that it is signalled when its parent is killed.

    Linux only: elsewhere children of a killed supervisor are found by the lock they hold
    (see `locks`).
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; one that has grown large is kept once, as `.old`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".old"))
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_lines(log: Path, *, count: int) -> str:
    """Return the end of a log, for a message about a child that failed."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""
