"""Pages of tables too large to count: beyond a cap the number of rows is not worth its time."""

from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import QuerySet

COUNT_MAX = 10_000


class CappedPaginator(Paginator):
    """Counts at most one row more than `COUNT_MAX`, and offers pages up to there."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: COUNT_MAX + 1].count()
