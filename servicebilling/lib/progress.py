"""A bar for work that takes a while, on a terminal and nowhere else."""

from typing import Any

WIDTH = 40


class Bar:
    """Draws how much is done on `stream` (a command's `stderr`), over the same line."""

    def __init__(self, stream: Any, *, what: str) -> None:
        self._stream, self._what = stream, what
        self._is_shown = stream.isatty()

    def show(self, done: int, total: int) -> None:
        if not self._is_shown:
            return
        bar = ("#" * (WIDTH * done // max(1, total))).ljust(WIDTH, ".")
        ending = "\n" if done >= total else ""
        self._stream.write(f"\r[{bar}] {done:,} of {total:,} {self._what}", ending=ending)
        self._stream.flush()


class Count:
    """Counts up on a terminal where the total is not known beforehand."""

    def __init__(self, stream: Any, *, what: str) -> None:
        self._stream, self._what = stream, what
        self._is_shown = stream.isatty()

    def show(self, done: int) -> None:
        if self._is_shown:
            self._stream.write(f"\r{done:,} {self._what}", ending="")
            self._stream.flush()
