"""psycopg, with connections that honour `servicebilling.lib.deadline`."""

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
            return super().wait(gen, *args, **kwargs)
        except errors._WaitTimeout:
            # The server may still be working on the statement: the connection's state is
            # unknown, so it is never used again.
            self.pgconn.finish()
            raise DeadlineExceeded("the database did not answer in time") from None


connect = DeadlineConnection.connect
