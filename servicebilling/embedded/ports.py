"""Listening sockets. The supervisor opens them and hands them down, so a port is neither
lost between asking and binding nor while what serves it restarts."""

import errno
import socket

from servicebilling.embedded.errors import CannotStart

TRIES = 50


def listen(host: str, *, port: int) -> socket.socket:
    """Return a socket that listens on `port`, or on the next one that is free.

    Raises CannotStart when the host is not this machine or no port is free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + TRIES, 65536)):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(2048)
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise CannotStart(
                    f"Cannot listen on {host}, port {candidate}: {error.strerror}."
                ) from None
        else:
            return listener
    raise CannotStart(f"No port from {port} to {port + TRIES - 1} is free on {host}.")
