"""Every customer page in a real browser, once: accessible light and dark, on a desk and on a
telephone, no wider than the narrowest screen, and light to transfer.

Each page is opened light and wide and examined by all rules; then, as it stands, it is made
dark and narrow, and examined for what the theme and the width can spoil. With SCREENSHOTS
set to a folder, pictures are left there.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route

from tests.factories.accounts import make_organization
from tests.pages import states
from tests.pages.browsing import (
    DESK,
    NARROW,
    PHONE,
    accessibility_faults,
    bytes_of,
    contrast_faults,
    just_signed_in,
    sign_in,
    what_is_too_wide,
    with_second_factor,
)
from tests.pages.site_pages import AT_THE_DOOR, WITH_SECOND_FACTOR, inside

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE_BYTES_MAX = 150_000
# What is different in an organization that has nothing yet.
EMPTY = [
    "/dashboard",
    "/dashboard/calls",
    "/dashboard/usage",
    "/dashboard/usage/events",
    "/dashboard/exports",
    "/dashboard/billing",
    "/dashboard/billing/history",
    "/dashboard/api-keys",
    "/dashboard/webhooks",
    "/dashboard/settings",
]


@pytest.fixture
def mine(page: Page, live_server, filled, client, owner) -> Page:
    """The page of a browser in which the owner has just signed in."""
    sign_in(page, just_signed_in(client, owner), url=live_server.url)
    return page


def test_pages_at_the_door_look_right(page, filled):
    invitation = states.invitation(filled, now=timezone.now())

    assert_looks_right(page, [*AT_THE_DOOR, invitation])


@pytest.mark.parametrize("half", [0, 1])
def test_pages_inside_look_right(mine, filled, half):
    assert_looks_right(mine, inside(filled)[half::2])


def test_pages_with_a_second_factor_look_right(page, live_server, client, filled, owner):
    sign_in(page, with_second_factor(client, owner), url=live_server.url)

    assert_looks_right(page, WITH_SECOND_FACTOR)


def test_pages_of_an_empty_organization_look_right(
    page, live_server, client, card, stranger
):
    make_organization(owner=stranger)
    sign_in(page, just_signed_in(client, stranger), url=live_server.url)

    assert_looks_right(page, EMPTY)


def test_pages_of_errors_look_right(page):
    pages = states.error_pages()

    def show(route: Route) -> None:
        text = pages[urlsplit(route.request.url).path]
        route.fulfill(body=text, content_type="text/html")

    page.route("**/shown/*", show)

    assert_looks_right(page, pages)


def test_pages_of_a_payment_look_right(mine, filled):
    waiting = states.payments(filled.organization, now=timezone.now())

    assert_looks_right(mine, waiting)


def test_overview_looks_right_in_every_state(mine, filled):
    now = timezone.now()
    for state in ("suspended", *states.STANDINGS):
        states.set_state(filled.organization, state, now=now)
        assert_looks_right(mine, ["/dashboard"], name=state)


def assert_looks_right(page: Page, urls: Iterable[str], *, name: str = "") -> None:
    found = [f"{name or url}: {fault}" for url in urls for fault in _look(page, url, name)]
    assert not found, "\n".join(found)


def _look(page: Page, url: str, name: str) -> list[str]:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    page.goto(url)
    found = accessibility_faults(page)
    _keep_picture(page, f"{name or url}-light")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    found += [f"dark: {fault}" for fault in contrast_faults(page)]
    _keep_picture(page, f"{name or url}-dark")
    page.set_viewport_size(NARROW)
    if too_wide := what_is_too_wide(page):
        found.append(f"wider than {NARROW['width']} px: {too_wide}")
    weight = bytes_of(page)
    if not 1000 < weight <= PAGE_BYTES_MAX:
        found.append(f"weighs {weight} bytes")
    return found


def _keep_picture(page: Page, name: str) -> None:
    if kept := os.environ.get("SCREENSHOTS"):
        short = "".join(sign if sign.isalnum() else "-" for sign in name)[:120]
        page.screenshot(path=Path(kept) / f"{short}.png", full_page=True, timeout=60_000)
