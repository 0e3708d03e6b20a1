"""How a page is registered, and what one is."""

from collections.abc import Callable
from dataclasses import dataclass

Show = Callable[..., "Page"]
ROUTES: list[tuple[str, tuple[str, ...], Show]] = []


@dataclass(frozen=True)
class Page:
    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    # Where the browser goes next.
    location: str = ""
    # Whether the webhooks that this caused should be taken first, as far as possible.
    waits_for_webhooks: bool = False


def shows(method: str, path: str) -> Callable[[Show], Show]:
    segments = tuple(path.strip("/").split("/"))

    def register(show: Show) -> Show:
        ROUTES.append((method, segments, show))
        return show

    return register


def go_to(location: str, *, waits_for_webhooks: bool = False) -> Page:
    return Page(303, location=location, waits_for_webhooks=waits_for_webhooks)
