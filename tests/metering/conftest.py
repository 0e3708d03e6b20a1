"""Whatever a test of metering did, the books must add up afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from metering.verification import further
from metering.verification.run import verify

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The moment at which stories of calls begin."""
    return NOW


@pytest.fixture(autouse=True)
def books_add_up(request, monkeypatch) -> Iterator[None]:
    """Verify everything after each test that had a database; `breaks_books` opts out.

    Not the rules of the apps above: here minutes and money move for purchases that nobody
    made."""
    monkeypatch.setattr(further, "_RULES", [])
    uses_database = (
        request.node.get_closest_marker("django_db") is not None
        or "db" in request.fixturenames
    )
    if uses_database:
        # So that this fixture ends before the database of the test is emptied.
        request.getfixturevalue("db")
    yield
    if uses_database and not request.node.get_closest_marker("breaks_books"):
        verdict = verify(now=NOW)
        assert verdict.findings == []
