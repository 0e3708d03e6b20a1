"""Pages of tables too large to count: beyond a cap the number of rows is not worth its time."""

from functools import cached_property

from django.core.paginator import Paginator

COUNT_MAX = 10_000


class CappedPaginator(Paginator):
    """Counts at most one row more than `COUNT_MAX`, and offers pages up to there."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[: COUNT_MAX + 1].count()
