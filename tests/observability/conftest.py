"""A log as the console would show it, and organizations that take calls."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from servicebilling.lib.logs import context
from tests.webhooks.conftest import (
    acme,
    books_add_up,
    now,
    organization_with_number,
    post,
)

__all__ = ["acme", "books_add_up", "now", "organization_with_number", "post"]


@pytest.fixture
def printed() -> Iterator[io.StringIO]:
    """What the console handler writes, by the formatter that the settings name."""
    # Tests before this one may have called what works within a request.
    context.begin()
    formatter = dict(settings.LOGGING["formatters"]["line"])
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatter.pop("()")(**formatter))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler.stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def lines(printed) -> Callable[..., list[dict]]:
    """The lines so far as objects; of one event, if it is named."""

    def told(event: str = "") -> list[dict]:
        found = [json.loads(line) for line in printed.getvalue().splitlines()]
        return [line for line in found if event in ("", line["event"])]

    return told
