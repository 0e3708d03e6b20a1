"""Python looks for cycles among objects that are dead; what was loaded and collected lives to
the end, and is not gone through again and again."""

import gc

import pytest

# While modules are loaded and tests collected, hardly anything dies.
gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    # As rarely as lets a test's own remains be found by the next few tests.
    gc.set_threshold(10_000, 10, 10)
    gc.enable()
