"""Counters and times of this process, summed over all processes of one web server.

Under gunicorn each worker keeps its figures in a mapped file of its own, in a folder that the
master made (deploy/gunicorn.conf.py): counting costs no lock between processes and no network,
and whichever worker is asked adds all files up. The files are named after the worker's place,
not its process id, so a worker that is replaced goes on where the last one in its place ended,
and a year of replaced workers leaves no more files than a day. Elsewhere (a command, the
worker) figures stay in memory; what the worker does is seen from the tables.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, multiprocess, values

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_place = "master"


def take_place(name: str) -> None:
    """Say under which name this process counts; before its first figure after a fork."""
    global _place
    _place = name


if os.environ.get(FOLDER_VARIABLE):
    values.ValueClass = values.MultiProcessValue(lambda: _place)

registry = CollectorRegistry()

RESPONSES = Counter(
    "servicebilling_responses",
    "Answers of the site, by kind of status (2xx, 4xx, 5xx).",
    ["status"],
    registry=registry,
)
ADMISSION_SECONDS = Histogram(
    "servicebilling_admission_seconds",
    "How long a provider waited for the answer to a pre-call question.",
    ["outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 7.5),
    registry=registry,
)
CALLS_REFUSED = Counter(
    "servicebilling_calls_refused",
    "Pre-call questions answered with no, by rule.",
    ["rule"],
    registry=registry,
)
SETTLE_SECONDS = Histogram(
    "servicebilling_settle_seconds",
    "How long it took to charge a reported call, waiting for its batch included.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8),
    registry=registry,
)
MESSAGES_LOST = Counter(
    "servicebilling_messages_not_stored",
    "Provider messages that could not be stored; their sender was told to repeat them.",
    ["provider"],
    registry=registry,
)


def counted() -> CollectorRegistry:
    """Return the registry that holds the sums of all processes."""
    if not os.environ.get(FOLDER_VARIABLE):
        return registry
    summed = CollectorRegistry()
    multiprocess.MultiProcessCollector(summed)
    return summed
