"""What every stand-in stands on: one loopback server, and a process that serves until told."""

import argparse
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

BODY_BYTES_MAX = 1_000_000
# Keeps other sites' pages in a browser on this machine from speaking to us by a name of
# theirs that points here.
HOSTS = {"127.0.0.1", "localhost", "[::1]"}
ON = ("1", "true", "yes", "on")

log = logging.getLogger(__name__)


class Refused(Exception):
    """A stand-in must not start here; the message says why."""


class LoopbackServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1: on `port` (0: any that is free), or on `listener`, which then is
    its own to close."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        handler: type[BaseHTTPRequestHandler],
        *,
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), handler, bind_and_activate=listener is None)
        if listener is not None:
            self.socket.close()
            self.socket = listener
            self.server_address = listener.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("A connection broke", exc_info=True)


class LoopbackHandler(BaseHTTPRequestHandler):
    """Requests of one connection, kept open between them."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120

    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)

    def is_to_this_machine(self) -> bool:
        return (self.headers.get("Host") or "").rsplit(":", 1)[0] in HOSTS


class Sandbox(Protocol):
    """A stand-in that serves already."""

    port: int
    url: str

    def stop(self) -> None: ...


def add_arguments(parser: argparse.ArgumentParser, *, port: int) -> None:
    """Let the command line say where to listen, and who waits for it."""
    parser.add_argument("--port", type=int, default=port, help="0: any that is free")
    parser.add_argument(
        "--listener",
        type=int,
        metavar="FILE",
        help="the number of an open file: a socket that listens already, instead of --port",
    )
    parser.add_argument("--port-file", type=Path, help="gets the port once it answers")


def inherited(file: int | None) -> socket.socket | None:
    """Return the socket that whoever started this process opened for it, if any."""
    return None if file is None else socket.socket(fileno=file)


def check_asked_for(environment: Mapping[str, str]) -> None:
    """Raise Refused unless somebody wants stand-ins here."""
    if environment.get("SANDBOX", "").lower() not in ON:
        raise Refused("The sandbox starts with SANDBOX=1 alone.")


def run(begin: Callable[[], Sandbox], *, title: str, port_file: Path | None) -> int:
    """Serve what `begin` starts until SIGTERM or Ctrl-C; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        sandbox = begin()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    if port_file:
        _write(port_file, str(sandbox.port))
    logging.info("The %s sandbox listens on %s", title, sandbox.url)
    stop.wait()
    sandbox.stop()
    return 0


def _write(path: Path, text: str) -> None:
    # Whole or not at all: somebody waits for this file to appear.
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(path)
