"""The strict checker of Stripe traffic, where STRIPE_OPENAPI_CHECK names its folder.

It stands between the SDK and the sandbox, refuses what Stripe would refuse, and checks every
answer against the published schema. A test fails on its first error.
"""

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

TOOL = Path(os.environ.get("STRIPE_OPENAPI_CHECK") or os.devnull)
PROGRAM = TOOL / "stripe_check.py"

# Its server writes head and body apart: without the first line each answer waits 40 ms for the
# other side's acknowledgement. It judges how old a meter event is by the sandbox's clock, as
# tests have a day of their own.
SERVE = """
import json, socketserver, sys, types, urllib.request
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
sys.path.insert(0, sys.argv[1])
import stripe_check

def now():
    with urllib.request.urlopen(f"{sys.argv[2]}/_sandbox/clock", timeout=60) as answer:
        return json.load(answer)["now"]

stripe_check.time = types.SimpleNamespace(**{**vars(stripe_check.time), "time": now})
stripe_check.main(sys.argv[3:])
"""


def is_here() -> bool:
    return PROGRAM.is_file()


@contextmanager
def before(upstream: str) -> Iterator[str]:
    """Start the checker in front of a sandbox; give the URL to speak to."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            SERVE,
            str(TOOL),
            upstream,
            "serve",
            "--port=0",
            f"--upstream={upstream}",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline()
        yield f"http://{line.split()[-1]}"
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()


@contextmanager
def before_if_here(upstream: str) -> Iterator[str]:
    """Give the checker's URL, or the sandbox's own where there is no checker."""
    if not is_here():
        yield upstream
        return
    with before(upstream) as url:
        yield url


@contextmanager
def finding_nothing(url: str) -> Iterator[None]:
    """Fail if what was said meanwhile through the checker at `url` holds an error."""
    if not is_here():
        yield
        return
    ask(url, "_reset", "POST")
    yield
    found = errors(url)
    assert found == [], found


def ask(url: str, path: str, method: str = "GET") -> Any:
    request = urllib.request.Request(f"{url}/{path}", method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def errors(url: str) -> list[str]:
    """What it found in requests and answers, mere warnings left out."""
    return [
        f"{row['op']}: {row['code']} {row['where']}: {row['msg']}"
        for row in ask(url, "_findings")
        if row["level"] == "error" and not _knows_no_kinds_of_event(row)
    ]


def _knows_no_kinds_of_event(row: dict[str, Any]) -> bool:
    """The schema has what all thin events share; `data` and `related_object` belong to their
    kinds (the SDK's `V1BillingMeterErrorReportTriggeredEvent`).
    """
    return row["op"].startswith("GET /v2/core/events/") and row["where"] in (
        "data",
        "related_object",
    )


def errors_in_events(rows: list[dict[str, Any]]) -> list[str]:
    """What it finds in webhook bodies."""
    spec = _spec()
    return [
        f"{row['type']}: {found}"
        for row in rows
        for found in spec.check_event(row)
        if found["level"] == "error"
    ]


@cache
def _spec() -> Any:
    loaded = importlib.util.spec_from_file_location("stripe_check", PROGRAM)
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    return module.Spec.load()
