"""HTTP: three doors on one loopback port.

/v1 and /v2 are the API, /_sandbox the control of the stand-in, everything else the pages
that Stripe hosts for customers.
"""

import logging
import socket
import traceback
import urllib.parse

from servicebilling.sandbox.serving import BODY_BYTES_MAX, LoopbackHandler, LoopbackServer
from servicebilling.sandbox.stripe import api, deliveries
from servicebilling.sandbox.stripe.box import Box
from servicebilling.sandbox.stripe.control import answering as control
from servicebilling.sandbox.stripe.forms import decode
from servicebilling.sandbox.stripe.pages import answering as pages
from servicebilling.sandbox.stripe.pages import html

# A pay page waits this long for its webhook to be taken before it sends the customer back.
WEBHOOK_SECONDS_MAX = 5

log = logging.getLogger(__name__)


class Server(LoopbackServer):
    def __init__(self, box: Box, *, port: int, listener: socket.socket | None) -> None:
        self.box = box
        super().__init__(Handler, port=port, listener=listener)


class Handler(LoopbackHandler):
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(413, "text/plain", b"too long")
            return
        body = self.rfile.read(length)
        parts = urllib.parse.urlsplit(self.path)
        if not self.is_to_this_machine():
            self._send(403, "text/plain", b"The sandbox answers on this machine alone.")
        elif parts.path.startswith(("/v1/", "/v2/")):
            self._serve_api(parts.path, parts.query, body)
        elif parts.path == "/_sandbox" or parts.path.startswith("/_sandbox/"):
            self._serve_control(parts.path, parts.query, body)
        else:
            self._serve_page(parts.path, parts.query, body)

    def _serve_api(self, path: str, query: str, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        given = api.answer(
            self.server.box, api.Incoming(self.command, path, query, body, headers)
        )
        if given.is_lost:
            self._hang_up()
            return
        self._send(given.status, "application/json", given.text.encode(), given.headers)

    def _serve_control(self, path: str, query: str, body: bytes) -> None:
        is_page = path == "/_sandbox" or "text/html" in self.headers.get("Accept", "")
        given = control.answer(self.server.box, self.command, path, query, body)
        if given.status < 300 and self.command == "POST" and is_page:
            self._send(303, "text/plain", b"", {"Location": "/_sandbox"})
        else:
            self._send(given.status, given.content_type, given.body)

    def _serve_page(self, path: str, query: str, body: bytes) -> None:
        box = self.server.box
        form = decode(body.decode("utf-8", "replace") if body else query)
        try:
            page = pages.answer(box, self.command, path, form)
        except Exception:
            box.note_mistake(f"{self.command} {path}\n{traceback.format_exc()}")
            log.exception("%s %s failed", self.command, path)
            page = html.trouble()
        if page.waits_for_webhooks:
            deliveries.settle(box, seconds_max=WEBHOOK_SECONDS_MAX)
        headers = {"Location": page.location} if page.location else {}
        self._send(page.status, page.content_type, page.body, headers)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self,
        status: int,
        content_type: str,
        body: bytes,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        # One write for head and body: two of them wait for each other's acknowledgement.
        self._headers_buffer.append(b"\r\n")  # type: ignore[attr-defined]
        self._headers_buffer.append(body)  # type: ignore[attr-defined]
        self.flush_headers()
