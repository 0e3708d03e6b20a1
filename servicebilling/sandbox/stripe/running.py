"""One running sandbox: the box, its file, and the threads that keep it alive."""

import socket
import threading
from pathlib import Path

from servicebilling.sandbox.stripe import operations, saving
from servicebilling.sandbox.stripe.box import Box
from servicebilling.sandbox.stripe.clock import Ticker
from servicebilling.sandbox.stripe.deliveries import Messenger
from servicebilling.sandbox.stripe.event_destinations import open_destination
from servicebilling.sandbox.stripe.server import Server
from servicebilling.sandbox.stripe.webhook_endpoints import open_endpoint


class Sandbox:
    """Listens on 127.0.0.1 from `start` to `stop`: on `listener`, if it is handed one, or
    on `port`; 0 takes any that is free."""

    def __init__(
        self,
        *,
        port: int = 0,
        listener: socket.socket | None = None,
        state: Path | None = None,
        public_url: str = "",
    ) -> None:
        operations.load()
        self.box = Box()
        self.server = Server(self.box, port=port, listener=listener)
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.box.base_url = public_url.rstrip("/") or self.url
        self.saver: saving.Saver | None = None
        if state is not None:
            saving.load(self.box, state)
            self.saver = saving.Saver(self.box, state)
        self.ticker = Ticker(self.box)
        self.messenger = Messenger(self.box)
        self.thread = threading.Thread(
            target=self.server.serve_forever, args=(0.1,), name="server", daemon=True
        )

    def start(self, *, webhook_url: str = "", webhook_secret: str = "") -> None:
        if webhook_url:
            self._point_webhooks_to(webhook_url, webhook_secret)
        if self.saver:
            self.saver.start()
        self.messenger.start()
        self.ticker.start()
        self.thread.start()

    def stop(self) -> None:
        """Stop answering, then save: what was answered is kept."""
        self.server.shutdown()
        self.thread.join(timeout=10)
        self.server.server_close()
        self.ticker.stop()
        self.messenger.stop()
        if self.saver:
            self.saver.stop()

    def _point_webhooks_to(self, url: str, secret: str) -> None:
        """Keep one endpoint and one destination of our own; after a restart the site may
        have another port."""
        given = [row for row in self.box.every("webhook_endpoint") if row.get("_is_given")]
        for endpoint in given:
            endpoint["url"] = url
            if secret:
                endpoint["_secrets"] = [{"secret": secret, "until": None}]
        if not given:
            made = open_endpoint(self.box, url=url, events=["*"], secret=secret)
            made["_is_given"] = True
        self._point_thin_events_to(url, secret)

    def _point_thin_events_to(self, url: str, secret: str) -> None:
        rows = self.box.destinations.values()
        given = [row for row in rows if row.get("_is_given")]
        for destination in given:
            destination["_url"] = url
            destination["_secret"] = secret or destination["_secret"]
        if not given:
            made = open_destination(
                self.box, url=url, events=["*"], name="The site", secret=secret
            )
            made["_is_given"] = True
