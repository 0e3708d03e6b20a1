"""psycopg, with connections that honour `servicebilling.lib.deadline`."""

from typing import Any

from psycopg import *  # noqa: F403
from psycopg import Connection, OperationalError, errors

from servicebilling.lib import deadline


class DeadlineExceeded(OperationalError):
    """The database did not answer within the caller's deadline; the connection is closed."""


# psycopg waits at least this long for a connection (libpq's least `connect_timeout`).
CONNECT_SECONDS_MIN = 2


class DeadlineConnection(Connection[Any]):
    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        remaining = deadline.remaining_seconds()
        if remaining is not None:
            if remaining < CONNECT_SECONDS_MIN:
                raise DeadlineExceeded("no time is left to connect to the database")
            kwargs["connect_timeout"] = CONNECT_SECONDS_MIN
        return super().connect(*args, **kwargs)

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        remaining = deadline.remaining_seconds()
        if remaining is None:
            return super().wait(gen, *args, **kwargs)
        kwargs["timeout"] = min(remaining, kwargs.get("timeout") or remaining)
        try:
            return super().wait(gen, *args, **kwargs)
        except errors._WaitTimeout:
            # The server may still be working on the statement: the connection's state is
            # unknown, so it is never used again.
            self.pgconn.finish()
            raise DeadlineExceeded("the database did not answer in time") from None


connect = DeadlineConnection.connect
