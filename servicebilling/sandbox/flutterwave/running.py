"""One running sandbox: the box and the thread that serves it."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from servicebilling.sandbox.flutterwave import remembering
from servicebilling.sandbox.flutterwave.box import Box
from servicebilling.sandbox.flutterwave.server import Server


class Sandbox:
    """Listens on 127.0.0.1 from `start` to `stop`: on `listener`, if it is handed one, or
    on `port`; 0 takes any that is free."""

    def __init__(
        self,
        *,
        port: int = 0,
        listener: socket.socket | None = None,
        webhook_url: str = "",
        webhook_secret: str = "",
        state: Path | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.box = Box(webhook_url=webhook_url, webhook_secret=webhook_secret, wall=wall)
        if state is not None:
            remembering.load(self.box, state)
        self.server = Server(self.box, port=port, listener=listener, state=state)
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.box.base_url = self.url
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.05,), daemon=True
        )

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join(timeout=10)
        self.server.server_close()
