"""A call that nothing pays for is ended by a real worker, woken over a real broker.

Starting a worker takes seconds, so this runs with LONG=1 only; what the worker does is proved
without one in `test_unadmitted_calls`.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from metering import tasks
from metering.models import CallEnding
from servicebilling.celery import app
from servicebilling.embedded import processes, programs
from tests.metering import test_unadmitted_calls as story
from tests.signing import vapi_secret

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(os.environ.get("LONG") != "1", reason="only with LONG=1"),
]
poor, line = story.poor, story.line

ENDED_WITHIN_SECONDS = 5.0
STARTED_WITHIN_SECONDS = 60.0


@pytest.fixture
def worker(provider, valkey_url, tmp_path, monkeypatch) -> Iterator[None]:
    """The worker as `./run` starts it, on the database of this test."""
    monkeypatch.setattr(app.conf, "broker_url", _of_celery(valkey_url))
    monkeypatch.setattr(app.conf, "broker_write_url", _of_celery(valkey_url))
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    environment = os.environ | {
        "DATABASE_URL": _database_url(),
        "REDIS_URL": valkey_url,
        "VAPI_API_BASE": provider.url,
        "VAPI_API_KEY": "sandbox-key",
    }
    program = programs.worker(programs.Ground(environment, tmp_path, ()))
    process = processes.start(program)
    try:
        _wait(lambda: _is_ready(program.log), seconds_max=STARTED_WITHIN_SECONDS)
        yield
    finally:
        processes.stop(process, program)


def test_it_ends_within_five_seconds(provider, line, worker):
    _warm_up()
    call = story.running(provider, line)
    began = time.monotonic()
    story.deliver(provider)
    _wait(lambda: call["status"] == "ended", seconds_max=60)
    took_seconds = time.monotonic() - began

    print(f"\nended {took_seconds:.2f} s after its first message")
    assert took_seconds < ENDED_WITHIN_SECONDS
    assert len(call["_said"]) == 1
    _wait(lambda: CallEnding.objects.get().ended_at is not None, seconds_max=5)
    assert CallEnding.objects.get().ended_at <= timezone.now()


def _warm_up() -> None:
    """A site that has just started spends seconds on its first request."""
    Client().post(
        "/api/webhooks/vapi",
        json.dumps({"message": {"type": "hang", "call": {"id": "another"}}}),
        content_type="application/json",
        headers=vapi_secret(),
    )
    tasks.wake_endings()


def _of_celery(url: str) -> str:
    return f"redis+socket://{url.split('://', 1)[1].split('?')[0]}"


def _database_url() -> str:
    """The address that the settings were given, with the name of the test's own database."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return given._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def _is_ready(log: Path) -> bool:
    return log.exists() and " ready." in log.read_text()


def _wait(is_so: Callable[[], bool], *, seconds_max: float) -> None:
    until = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.02)
