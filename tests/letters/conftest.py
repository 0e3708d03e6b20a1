"""Whatever letters are written, the books must add up afterwards."""

from tests.metering.conftest import books_add_up, now

__all__ = ["books_add_up", "now"]
