"""gunicorn, the same behind ./run and in production.

Threads, because a page may wait for a payment provider: a waiting thread must not keep the
telephony webhooks waiting. Connections to the database: workers x threads.
"""

import os

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


def post_worker_init(worker: object) -> None:
    """Leave half of the threads to pre-call checks, whatever else waits for the database."""
    from servicebilling.lib.bulkhead import bulkhead

    bulkhead.limit(max(1, threads // 2))
