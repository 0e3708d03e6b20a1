"""`python -m servicebilling.sandbox.stripe`: serve until SIGTERM or Ctrl-C."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from servicebilling.sandbox import listening
from servicebilling.sandbox.stripe import options
from servicebilling.sandbox.stripe.running import Sandbox


def main() -> int:
    chosen = options.parse(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        options.check(os.environ)
    except options.Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    secret = os.environ.get("STRIPE_WEBHOOK_SECRET", "").split(",")[0].strip()
    sandbox = Sandbox(
        port=chosen.port,
        listener=listening.inherited(chosen.listener),
        state=chosen.state,
        public_url=chosen.public_url,
    )
    sandbox.start(webhook_url=chosen.webhook_url, webhook_secret=secret)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    if chosen.port_file:
        _write(chosen.port_file, str(sandbox.port))
    logging.info("The Stripe sandbox listens on %s", sandbox.url)
    stop.wait()
    sandbox.stop()
    return 0


def _write(path: Path, text: str) -> None:
    # Whole or not at all: somebody waits for this file to appear.
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    beside.replace(path)


if __name__ == "__main__":
    sys.exit(main())
