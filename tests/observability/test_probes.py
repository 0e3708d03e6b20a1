"""A probe gets its answer while the database is down, whatever cookie it brings."""

import time

import pytest
from django.db import connection

from tests.webhooks.troubled_database import proxied

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("trouble", ["gone", "frozen"])
def test_with_a_session_cookie_and_no_database_it_is_not_ready_but_lives(
    client_of, staff, trouble, settings
):
    settings.METRICS_TOKEN = "a-token"
    browser = client_of(staff)
    with proxied() as proxy:
        assert browser.get("/readyz").status_code == 200
        if trouble == "gone":
            proxy.close()
        else:
            proxy.freeze()
        started = time.monotonic()
        ready = browser.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "unavailable"})
        assert browser.get("/livez").status_code == 200
        connection.close()
        told = browser.get("/metrics", headers={"Authorization": "Bearer a-token"})
        assert told.status_code == 200
        assert b"servicebilling_database_up 0.0" in told.content
        assert b"servicebilling_responses_total" in told.content
        assert time.monotonic() - started < 30
        proxy.thaw()


def test_staff_see_what_waits(client_of, staff):
    told = client_of(staff).get("/readyz").json()
    assert told["cache"] == "ok"
    assert told["figures"]["inbox_age_seconds calls"] == 0
