"""The loopback server under every stand-in, on a port of its own or a socket handed down."""

import argparse
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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


def add_arguments(parser: argparse.ArgumentParser, *, port: int) -> None:
    """Let the command line say where to listen."""
    parser.add_argument("--port", type=int, default=port, help="0: any that is free")
    parser.add_argument(
        "--listener",
        type=int,
        metavar="FILE",
        help="the number of an open file: a socket that listens already, instead of --port",
    )


def inherited(file: int | None) -> socket.socket | None:
    """Return the socket that whoever started this process opened for it, if any."""
    return None if file is None else socket.socket(fileno=file)
