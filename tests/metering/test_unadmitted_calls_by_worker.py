"""A call that nothing pays for is ended by a real worker, woken over a real broker.

Starting a worker takes seconds, so this runs with LONG=1 only; what the worker does is proved
without one in `test_unadmitted_calls`.
"""

import json
import os
import time
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from metering import tasks
from metering.models import CallEnding
from tests.metering import test_unadmitted_calls as story
from tests.signing import vapi_secret
from tests.workers import Worker, sends_to, until

__all__ = ["sends_to"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(os.environ.get("LONG") != "1", reason="only with LONG=1"),
]
poor, line = story.poor, story.line

ENDED_WITHIN_SECONDS = 5.0


@pytest.fixture
def worker(provider, valkey_url, tmp_path, sends_to) -> Iterator[None]:
    """The worker as `./run` starts it, on the database of this test."""
    sends_to(valkey_url)
    at = {"VAPI_API_BASE": provider.url, "VAPI_API_KEY": "sandbox-key"}
    made = Worker(valkey_url, tmp_path, at)
    try:
        made.start()
        yield
    finally:
        made.stop()


def test_it_ends_within_five_seconds(provider, line, worker):
    _warm_up()
    call = story.running(provider, line)
    began = time.monotonic()
    story.deliver(provider)
    until(lambda: call["status"] == "ended", 60)
    took_seconds = time.monotonic() - began

    print(f"\nended {took_seconds:.2f} s after its first message")
    assert took_seconds < ENDED_WITHIN_SECONDS
    assert len(call["_said"]) == 1
    until(lambda: CallEnding.objects.get().ended_at is not None, 5)
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
