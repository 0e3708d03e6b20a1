"""The provider's list is walked whole, in whatever order it comes."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.calls import walking
from metering.providers.base import FetchedCall, Page, ProviderError


class Listing:
    """A provider with that many calls, listed in any order, so many at a time."""

    def __init__(self, times: list[datetime], *, reverse: bool) -> None:
        made = enumerate(times)
        self.known = [FetchedCall(str(n), None, at, at) for n, at in made]
        self.known.sort(key=lambda one: one.created_at, reverse=reverse)
        self.asked = 0

    def calls(self, *, now, updated_since, created_since, created_before, limit):
        self.asked += 1
        found = [
            one
            for one in self.known
            if (created_since is None or one.created_at >= created_since)
            and (created_before is None or one.created_at < created_before)
        ]
        return Page(tuple(found[:limit]), is_full=len(found) >= limit)


START = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("reverse", [True, False])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 57, 230])
def test_every_call_is_walked_once_whatever_the_order(count, reverse):
    # Bursts and gaps: five at a time, then nothing for a while.
    times = [
        START + timedelta(seconds=n // 5 * 37, milliseconds=n % 5) for n in range(count)
    ]
    provider = Listing(times, reverse=reverse)
    walked = list(walking.walk(provider, updated_since=START, now=START, limit=10))

    assert sorted(int(one.call_id) for one in walked) == list(range(count))


def test_more_calls_in_one_moment_than_a_list_holds_are_told():
    provider = Listing([START] * 12, reverse=True)
    with pytest.raises(ProviderError, match="millisecond"):
        list(walking.walk(provider, updated_since=START, now=START, limit=10))
    assert provider.asked < 50
