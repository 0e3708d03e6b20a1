"""Threads that act at the same moment, each with its own connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections


class Crowd:
    """Threads that stay, so that their connections are open before they race."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size)
        self._barrier = Barrier(size)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self.at_once(lambda _: connections.close_all())
        self._pool.shutdown()

    def at_once(self, work: Callable[[int], Any]) -> list[Any]:
        """Return what `work` returned to each thread; it is given the thread's number."""

        def run(number: int) -> Any:
            # While all wait here, each thread has taken one turn.
            self._barrier.wait(60)
            return work(number)

        return list(self._pool.map(run, range(self.size)))
