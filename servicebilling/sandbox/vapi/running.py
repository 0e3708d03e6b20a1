"""One running sandbox: the box and the threads that keep it alive."""

import threading
import time
from collections.abc import Callable

from servicebilling.sandbox.vapi.box import Box
from servicebilling.sandbox.vapi.server import Server


class Sandbox:
    """Listens on 127.0.0.1 from `start` to `stop`; `port` 0 takes any that is free."""

    def __init__(
        self,
        *,
        port: int = 0,
        webhook_url: str = "",
        webhook_secret: str = "",
        api_key: str = "",
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.box = Box(
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            api_key=api_key,
            wall=wall,
        )
        self.server = Server(self.box, port=port)
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.box.base_url = self.url
        self.is_over = threading.Event()
        self.threads = [
            threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True),
            threading.Thread(target=self._keep_time, daemon=True),
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.is_over.set()
        self.box.is_due.set()
        self.server.shutdown()
        for thread in self.threads:
            thread.join(timeout=10)
        self.server.server_close()

    def _keep_time(self) -> None:
        while not self.is_over.is_set():
            self.box.is_due.clear()
            self.box.run_due()
            self.box.is_due.wait(self.box.seconds_to_next())
