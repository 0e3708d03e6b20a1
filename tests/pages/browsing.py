"""What browser tests do again and again."""

from pathlib import Path

from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

_AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def sign_in(page: Page, client: Client, *, url: str) -> None:
    """Give the page the session that the client has."""
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": url}]
    )


def accessibility_faults(page: Page, *, within: str = "html") -> list[str]:
    """Return what axe finds wrong with the page, or a part of it, as it stands: rule, and
    where."""
    page.evaluate(_AXE.read_text())
    found = page.evaluate(
        "([within, rules]) => axe.run(within, {runOnly: {type: 'tag', values: rules}})",
        [within, _RULES],
    )
    assert len(found["passes"]) > 10, "axe looked at nothing"
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def is_wider_than_the_screen(page: Page) -> bool:
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
