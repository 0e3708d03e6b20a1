"""In which order the tests run: what takes long begins first, so that no worker is left alone
with it in the end, and the browser and the started sites stay with as few workers as can be."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("runtime") or item.get_closest_marker("long"):
        return 0
    return 1 if "browser" in getattr(item, "fixturenames", ()) else 2
