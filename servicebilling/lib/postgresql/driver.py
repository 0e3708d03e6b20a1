"""psycopg, with connections that honour `servicebilling.lib.deadline`.

Known limit: looking up the host's name blocks in the C library and is not bounded.
"""

from collections.abc import Generator
from typing import Any

from psycopg import *  # noqa: F403
from psycopg import Connection, OperationalError, errors

from servicebilling.lib import deadline


class DeadlineExceeded(OperationalError):
    """The database did not answer within the caller's deadline; the connection is closed."""


class DeadlineConnection(Connection[Any]):
    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        remaining = deadline.remaining_seconds()
        if remaining is None:
            return super().wait(gen, *args, **kwargs)
        kwargs["timeout"] = min(remaining, kwargs.get("timeout") or remaining)
        try:
            # Nothing is sent that nobody will wait for.
            _check()
            return super().wait(gen, *args, **kwargs)
        except (errors._WaitTimeout, DeadlineExceeded):
            # The server may still be working on the statement: the connection's state is
            # unknown, so it is never used again.
            self.pgconn.finish()
            raise _exceeded() from None

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Generator[Any, Any, "DeadlineConnection"]:
        """Connect, looking at the deadline whenever psycopg looks at the socket: at least
        ten times a second. Its own `connect_timeout` knows nothing below two seconds, and
        holds for each address of a host anew."""
        connecting = super()._connect_gen(conninfo)
        try:
            wanted = next(connecting)
            while True:
                _check()
                wanted = connecting.send((yield wanted))
        except StopIteration as done:
            connection: DeadlineConnection = done.value
            return connection
        finally:
            connecting.close()


def _check() -> None:
    if deadline.remaining_seconds() == 0:
        raise _exceeded()


def _exceeded() -> DeadlineExceeded:
    return DeadlineExceeded("the database did not answer in time")


connect = DeadlineConnection.connect
