"""Whichever process of a web server is asked tells what all of them did."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "a-token-of-the-monitor"


class Site:
    def __init__(self, process: subprocess.Popen, port: int, log: Path) -> None:
        self.process, self.log = process, log
        # No connection is kept, so that each request may go to any process.
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            trust_env=False,
            timeout=60,
            headers={"Connection": "close"},
        )

    def answers(self) -> bool:
        try:
            return self.client.get("/livez").status_code == 200
        except httpx.HTTPError:
            return False

    def count(self) -> float:
        text = self.client.get(
            "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
        ).text
        (count,) = re.findall(
            r'^servicebilling_responses_total\{status="4xx"\} (\S+)', text, re.M
        )
        return float(count)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


@pytest.fixture
def site(db, tmp_path) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    at = connection.settings_dict
    host = at["HOST"] or at["OPTIONS"]["host"]
    log = tmp_path / "web.log"
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{at['USER']}@/{at['NAME']}?host={host}",
        "METRICS_TOKEN": TOKEN,
        "WEB_CONCURRENCY": "3",
        "TMPDIR": str(tmp_path),
        # Of a checkout whose static files nobody has collected.
        "PYTHONWARNINGS": "ignore",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"),
                *("--bind", f"127.0.0.1:{port}", "servicebilling.wsgi"),
            ],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    site = Site(process, port, log)
    until = time.monotonic() + 60
    while not (site.answers() and len(site.workers()) == 3):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
    yield site
    process.terminate()
    process.wait(20)
    site.client.close()
    assert list(tmp_path.glob("servicebilling-metrics-*")) == []


COUNTING = """
import sys
from servicebilling.lib import metrics
metrics.take_place(sys.argv[1])
metrics.CALLS_REFUSED.labels("no_minutes").inc(int(sys.argv[2]))
metrics.SETTLE_SECONDS.observe(0.2)
from prometheus_client import generate_latest
print(generate_latest(metrics.counted()).decode())
"""


def test_processes_add_up_and_one_that_follows_goes_on_in_its_place(tmp_path):
    def count(place: str, times: int) -> str:
        return subprocess.run(
            [sys.executable, "-c", COUNTING, place, str(times)],
            cwd=ROOT,
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    count("worker0", 3)
    count("worker1", 4)
    told = count("worker0", 5)
    assert 'servicebilling_calls_refused_total{rule="no_minutes"} 12.0' in told
    assert "servicebilling_settle_seconds_count 3.0" in told
    # The master's file is empty: nothing was counted before a place was taken.
    assert len(list(tmp_path.glob("counter_worker*.db"))) == 2


@pytest.mark.skipif(not os.environ.get("LONG"), reason="starts a whole web server")
def test_all_processes_count_as_one_and_a_killed_one_takes_nothing_along(site):
    def ask(times: int) -> None:
        for _ in range(times):
            assert site.client.post("/api/webhooks/vapi").status_code == 401

    ask(30)
    assert {site.count() for _ in range(10)} == {30}
    killed = site.workers()[0]
    os.kill(killed, signal.SIGKILL)
    until = time.monotonic() + 30
    while killed in site.workers() or len(site.workers()) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)
    ask(30)
    assert {site.count() for _ in range(10)} == {60}
    (folder,) = site.log.parent.glob("servicebilling-metrics-*")
    places = {path.stem.rsplit("_", 1)[1] for path in folder.glob("counter_*.db")}
    assert places <= {"master", "worker0", "worker1", "worker2"}
    for line in site.log.read_text().splitlines():
        assert line.startswith("{"), line
