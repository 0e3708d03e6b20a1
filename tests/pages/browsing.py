"""What browser tests do again and again."""

import re
import time
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.factories.accounts import PASSWORD

_AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
# What 1280 px are at a zoom of 400 %.
NARROW = {"width": 320, "height": 700}


def sign_in(page: Page, client: Client, *, url: str) -> None:
    """Give the page the session that the client has."""
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": url}]
    )


def just_signed_in(client: Client, person: User) -> Client:
    """As after typing the password: pages that ask for it again do not."""
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def with_second_factor(client: Client, person: User) -> Client:
    """As `just_signed_in`, after setting up codes by an app."""
    just_signed_in(client, person)
    form = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'value="([A-Z2-7]{32})"', form)[1]
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    return client


def code_of(secret: str) -> str:
    """Return what an app shows for that secret now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def accessibility_faults(page: Page, *, within: str = "html") -> list[str]:
    """Return what axe finds wrong with the page, or a part of it, as it stands: rule, and
    where."""
    page.evaluate(_AXE.read_text())
    found = page.evaluate(
        """([within, rules]) => axe.run(within, {
            runOnly: {type: "tag", values: rules}, resultTypes: ["violations"]
        })""",
        [within, _RULES],
    )
    assert len(found["passes"]) > 10, "axe looked at nothing"
    return _told(found)


def contrast_faults(page: Page, *, within: str = "html") -> list[str]:
    """Return what is hard to read or to hit as the page stands now, after
    `accessibility_faults`; a colour on its way from one theme to the other has arrived."""
    found = page.evaluate(
        """(within) => {
            document.getAnimations()
                .filter((animation) => animation instanceof CSSTransition)
                .forEach((animation) => animation.finish());
            return axe.run(within, {
                runOnly: ["color-contrast", "target-size"], resultTypes: ["violations"]
            });
        }""",
        within,
    )
    assert found["passes"], "axe looked at nothing"
    return _told(found)


def _told(found: dict[str, Any]) -> list[str]:
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def bytes_of(page: Page) -> int:
    """Return the weight of the page and of all that it fetched, from a cache or not, as it was
    transferred; styles and scripts are not compressed here."""
    return page.evaluate(
        """() => ["navigation", "resource"]
            .flatMap((kind) => performance.getEntriesByType(kind))
            .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
    )


def what_is_too_wide(page: Page) -> str:
    """Return what sticks out of the screen the farthest, if the page must be moved sideways;
    else nothing."""
    return page.evaluate(
        """() => {
            const root = document.documentElement;
            if (root.scrollWidth <= root.clientWidth) return "";
            const edge = (one) => one.getBoundingClientRect().right;
            const all = [...document.body.querySelectorAll("*")];
            return all.reduce((a, b) => edge(b) > edge(a) ? b : a).outerHTML.slice(0, 200);
        }"""
    )


def is_wider_than_the_screen(page: Page) -> bool:
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
