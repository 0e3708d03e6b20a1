"""One running sandbox: the box and the threads that keep it alive."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from servicebilling.sandbox.vapi import saving
from servicebilling.sandbox.vapi.box import Box
from servicebilling.sandbox.vapi.server import Server

SAVED_EVERY_SECONDS = 2.0


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
        api_key: str = "",
        wall: Callable[[], float] = time.time,
        state: Path | None = None,
    ) -> None:
        self.box = Box(
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            api_key=api_key,
            wall=wall,
        )
        self.server = Server(self.box, port=port, listener=listener)
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.box.base_url = self.url
        self.state, self.saved, self.saved_at = state, "", 0.0
        if state is not None:
            saving.load(self.box, state)
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
        self._save()

    def _keep_time(self) -> None:
        while not self.is_over.is_set():
            self.box.is_due.clear()
            self.box.run_due()
            self._save(every_seconds=SAVED_EVERY_SECONDS)
            self.box.is_due.wait(self.box.seconds_to_next())

    def _save(self, *, every_seconds: float = 0) -> None:
        if self.state is None or time.monotonic() < self.saved_at + every_seconds:
            return
        self.saved_at = time.monotonic()
        text = saving.dump(self.box)
        if text != self.saved:
            saving.save(self.state, text)
            self.saved = text
