"""What holds for every page: listed, few queries, and readable without scripts. Axe, width and
weight are looked at in `test_looks`."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.urls.exceptions import Resolver404

from tests.pages.browsing import just_signed_in, sign_in
from tests.pages.crowd import url_of
from tests.pages.resolver import endpoints
from tests.pages.samples import SAMPLES
from tests.pages.site_pages import (
    AT_THE_DOOR,
    INSIDE,
    NO_PAGES,
    OF_SAMPLES,
    WITH_SECOND_FACTOR,
    inside,
)

QUERIES_MAX = 12


@pytest.mark.django_db
def test_every_page_is_listed(filled, client, owner):
    mine, nobody = just_signed_in(client, owner), Client()
    listed = {_name(url) for url in [*AT_THE_DOOR, *INSIDE, *WITH_SECOND_FACTOR]} | set(
        OF_SAMPLES
    )
    missing = []
    for one in endpoints():
        if one.is_staff_site or one.name in listed | NO_PAGES:
            continue
        sample = SAMPLES.get(one.name)
        kwargs = (sample.own(filled) if sample.own else sample.missing) if sample else {}
        for browser in (nobody, mine):
            answer = browser.get(url_of(one, kwargs))
            kind = answer.headers.get("Content-Type", "")
            if answer.status_code == 200 and kind.startswith("text/html"):
                missing.append(one.name)

    assert not missing, "add them to tests/pages/site_pages.py"


def _name(url: str) -> str:
    try:
        return resolve(url.partition("?")[0]).view_name
    except Resolver404:
        return ""


@pytest.mark.django_db
def test_pages_cost_few_queries(filled, client, owner):
    mine = just_signed_in(client, owner)
    costs = {}
    for url in inside(filled):
        mine.get(url)
        with CaptureQueriesContext(connection) as asked:
            answer = mine.get(url)
        assert answer.status_code == 200, f"{url}: {answer.status_code}"
        costs[url] = len(asked)

    assert {url: cost for url, cost in costs.items() if cost > QUERIES_MAX} == {}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_pages_read_right_without_scripts(browser, live_server, filled, client, owner):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, just_signed_in(client, owner), url=live_server.url)
    unread = []
    for url in inside(filled):
        page.goto(url, wait_until="domcontentloaded")
        if (
            not page.locator("h1").first.is_visible()
            or page.get_by_text("Loading", exact=False).count()
        ):
            unread.append(url)
    context.close()

    assert unread == []
