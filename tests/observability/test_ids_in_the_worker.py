"""A request's id goes along to the tasks that it leads to."""

import json
import threading
import uuid

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from servicebilling.lib.logs import context, tasks

seen: list[dict[str, str]] = []
done = threading.Event()


@pytest.fixture
def app():
    """An application of its own over memory; the signals are those of every application."""
    tasks.follow()
    made = Celery("tested", broker="memory://", set_as_current=False)
    made.conf.task_always_eager = False

    @made.task(name="tests.look")
    def look() -> None:
        seen.append(dict(context.current()))
        done.set()

    made.look = look
    seen.clear()
    done.clear()
    return made


def test_the_worker_knows_the_request_that_woke_it(app):
    request_id = uuid.uuid4().hex
    with start_worker(app, perform_ping_check=False, pool="solo"):
        with context.fresh(request_id=request_id, organization_id="not sent"):
            task_id = app.look.delay().id
        assert done.wait(60)
        done.clear()
        other_id = app.look.delay().id
        assert done.wait(60)
    asked, by_beat = seen
    assert asked == {"request_id": request_id, "task_id": task_id, "task": "tests.look"}
    assert by_beat["request_id"] == by_beat["task_id"] == other_id
    assert json.dumps(asked)
