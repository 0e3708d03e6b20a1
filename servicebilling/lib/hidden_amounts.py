"""Whether amounts of money may be written into the answer to the request at hand.

Whoever knows who asks says so once; what writes amounts asks here. Outside of a request, as in
letters and commands, nothing is hidden.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Stands where an amount would.
WORD = "hidden"
# As `money.shown` writes them.
_AMOUNT = re.compile(r"\b[A-Z]{3} -?[0-9][0-9,]*(\.[0-9]+)?")

_asked: ContextVar[Callable[[], bool] | None] = ContextVar("hidden_amounts", default=None)


@contextmanager
def hidden_if(is_hidden: Callable[[], bool]) -> Iterator[None]:
    """Let the block hide amounts if that is true; it is asked when the first is written."""
    token = _asked.set(is_hidden)
    try:
        yield
    finally:
        _asked.reset(token)


def are_hidden() -> bool:
    is_hidden = _asked.get()
    return is_hidden is not None and is_hidden()


def struck_out(text: str) -> str:
    """Return a text that was written for others, such as a letter, without its amounts."""
    return _AMOUNT.sub(WORD, text)
