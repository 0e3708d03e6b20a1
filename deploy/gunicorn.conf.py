"""gunicorn, the same behind ./run and in production.

Threads, because a page may wait for a payment provider: a waiting thread must not keep the
telephony webhooks waiting. Connections to the database: workers x threads.
"""

import os
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
max_requests = 2000
max_requests_jitter = 200
# Import once, then fork: half the start-up and shared memory. Nothing connects on import.
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 5
control_socket_disable = True


class logger_class(Logger):  # noqa: N801 (a setting of gunicorn's)
    """The server's own words, as lines like those of the site."""

    def setup(self, cfg: Any) -> None:
        from servicebilling.lib.logs import lines

        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(lines.of_format(os.environ.get("LOG_FORMAT", "json")))


def _make_metrics_folder() -> None:
    """One folder per master, also after a reload: what its workers counted lies there."""
    if os.environ.get("METRICS_MASTER") != str(os.getpid()):
        os.environ["METRICS_MASTER"] = str(os.getpid())
        folder = tempfile.mkdtemp(prefix="servicebilling-metrics-")
        # Read by prometheus_client when it is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


_make_metrics_folder()


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker the lowest place that nobody has."""
    taken = {one.place for one in server.WORKERS.values()}
    worker.place = min(set(range(len(taken) + 1)) - taken)


def post_fork(server: Any, worker: Any) -> None:
    from servicebilling.lib import metrics

    metrics.take_place(f"worker{worker.place}")


def post_worker_init(worker: object) -> None:
    """Leave half of the threads to pre-call checks, whatever else waits for the database."""
    from servicebilling.lib.bulkhead import bulkhead

    bulkhead.limit(max(1, threads // 2))


def on_exit(server: object) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
