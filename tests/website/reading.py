"""How tests read pages."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

QUERIES_MAX = 12


def seen(response) -> str:
    """The text of a page as it reads, each run of white space one space."""
    assert response.status_code == 200, response.status_code
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", response.content.decode())
    return " ".join(text.replace("&nbsp;", " ").replace("\xa0", " ").split())


def cheaply(browser, url: str) -> str:
    """The text of a page, which must not cost more queries than a page may."""
    browser.get(url)
    with CaptureQueriesContext(connection) as asked:
        page = seen(browser.get(url))
    assert len(asked) <= QUERIES_MAX, [query["sql"][:100] for query in asked]
    return page
