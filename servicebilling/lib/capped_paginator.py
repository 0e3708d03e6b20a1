"""Pages of tables too large to count: beyond a cap the number of rows is not worth its time."""

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

COUNT_MAX = 10_000


class AtLeast(int):
    """A number that is known to be exceeded, and says so wherever it is printed."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class CappedPaginator(Paginator):
    """Counts no further than one row beyond `COUNT_MAX`, and offers pages up to there."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        found = rows.order_by()[: COUNT_MAX + 1].count()
        return AtLeast(COUNT_MAX) if found > COUNT_MAX else found
