"""Lists: newest first, a page at a time, with the filters that Stripe's lists share."""

from collections.abc import Callable, Iterable
from typing import Any

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import unknown_id
from servicebilling.sandbox.stripe.presenting import listed

LIMIT = 10


def page(
    box: Box,
    kind: str,
    params: Row,
    *,
    url: str,
    where: Callable[[Row], bool] = lambda row: True,
) -> Row:
    """Return the page of a table that `limit` and the two cursors ask for."""
    rows = [
        row
        for row in box.every(kind)
        if not row.get("deleted")
        and within(row.get("created", 0), params.get("created"))
        and where(row)
    ]
    return page_of(reversed(rows), params, url=url)


def page_of(rows: Iterable[Row], params: Row, *, url: str) -> Row:
    """Return a page of rows that are in their order already."""
    rows = list(rows)
    limit = params.get("limit", LIMIT)
    if "starting_after" in params:
        rows = rows[_place(rows, params["starting_after"], "starting_after") + 1 :]
    if "ending_before" in params:
        rows = rows[: _place(rows, params["ending_before"], "ending_before")]
        return listed(rows[-limit:], url, has_more=len(rows) > limit)
    return listed(rows[:limit], url, has_more=len(rows) > limit)


def within(moment: int, bounds: Any) -> bool:
    """Return whether a moment fits `created=…` or `created[gte]=…`."""
    if bounds is None:
        return True
    if isinstance(bounds, int):
        return moment == bounds
    return (
        moment > bounds.get("gt", moment - 1)
        and moment >= bounds.get("gte", moment)
        and moment < bounds.get("lt", moment + 1)
        and moment <= bounds.get("lte", moment)
    )


def matches(params: Row, *fields: str) -> Callable[[Row], bool]:
    """Return a filter: these fields are as the parameters say, where they say something."""
    wanted = [field for field in fields if field in params]
    return lambda row: all(row.get(field) == params[field] for field in wanted)


def _place(rows: list[Row], id: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == id:
            return place
    raise unknown_id("object", id, param=param, status=400)
