"""Find the page of a path."""

from pathlib import Path
from typing import Any

from servicebilling.sandbox.stripe import clock
from servicebilling.sandbox.stripe.box import Box
from servicebilling.sandbox.stripe.pages import (
    authentication,
    checkout,
    html,
    invoices,
    portal,
)
from servicebilling.sandbox.stripe.pages.routes import ROUTES, Page

STYLE = Path(__file__).with_name("style.css")
# Imported so that their pages are known.
PAGES = (authentication, checkout, invoices, portal)


def answer(box: Box, method: str, path: str, form: dict[str, Any]) -> Page:
    """Return the page of a path; it is drawn while nothing else happens."""
    if path == "/style.css":
        return Page(200, STYLE.read_bytes(), "text/css; charset=utf-8")
    given = path.strip("/").split("/")
    for expected, segments, show in ROUTES:
        if expected != method or len(segments) != len(given):
            continue
        pairs = list(zip(segments, given, strict=True))
        if all(name.startswith("{") or name == word for name, word in pairs):
            ids = [word for name, word in pairs if name.startswith("{")]
            with box.lock:
                clock.run_due(box)
                page = show(box, form, *ids)
                box.changed()
            return page
    return html.missing()
