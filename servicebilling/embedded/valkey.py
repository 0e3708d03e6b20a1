"""The broker and cache: Valkey (or Redis) on a unix socket.

It keeps nothing on disk. Tasks are wake-ups over rows of the database, and beat repeats
them, so an empty broker loses nothing.
"""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.processes import Program

READY_SECONDS_MAX = 20


def url(sockets: Path) -> str:
    """Return the REDIS_URL of the server whose socket lies in `sockets`."""
    return f"unix://{_socket(sockets)}"


def program(
    server: Path,
    *,
    sockets: Path,
    log: Path,
    kept_files: tuple[int, ...] = (),
) -> Program:
    """Return the server as a child to start."""
    options = {
        "port": "0",
        "unixsocket": str(_socket(sockets)),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        # A broker must refuse what it has no room for, never drop a queued message.
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "dir": str(sockets),
    }
    return Program(
        name="valkey",
        command=[server, *(part for k, v in options.items() for part in (f"--{k}", v))],
        log=log,
        environment={"PATH": os.environ.get("PATH", os.defpath)},
        kept_files=kept_files,
    )


def wait_until_ready(sockets: Path, *, check: Callable[[], None]) -> None:
    """Return when the server answers; raise CannotStart if it never does. `check` is called
    while waiting and raises when there is nothing left to wait for."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if _answers(_socket(sockets)):
            return
        check()
        time.sleep(0.02)
    raise CannotStart(f"Valkey was not ready within {READY_SECONDS_MAX} s.")


def _socket(sockets: Path) -> Path:
    return sockets / "valkey.sock"


def _answers(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
