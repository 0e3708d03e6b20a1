"""HTTP: three doors on one loopback port.

/pay/… is the hosted page, /_sandbox/… steers the stand-in, everything else is the API.
"""

import socket
import time
import urllib.parse
from pathlib import Path

from servicebilling.sandbox.flutterwave import (
    api,
    control,
    numbers,
    pages,
    paying,
    remembering,
)
from servicebilling.sandbox.flutterwave.api import ApiRefused
from servicebilling.sandbox.flutterwave.box import Box, Row
from servicebilling.sandbox.serving import BODY_BYTES_MAX, LoopbackHandler, LoopbackServer


class Server(LoopbackServer):
    def __init__(
        self,
        box: Box,
        *,
        port: int,
        listener: socket.socket | None,
        state: Path | None,
    ) -> None:
        self.box, self.state = box, state
        super().__init__(Handler, port=port, listener=listener)


class Handler(LoopbackHandler):
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _remember(self) -> None:
        box, state = self.server.box, self.server.state
        if state is not None and self.command != "GET":
            with box.lock:
                remembering.save(box, state)

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(413, {"status": "error", "message": "too long", "data": None})
            return
        raw = self.rfile.read(length)
        if not self.is_to_this_machine():
            self._send(403, {"status": "error", "message": "This machine alone."})
            return
        parts = urllib.parse.urlsplit(self.path)
        try:
            if parts.path.startswith("/pay/"):
                self._page(parts.path.removeprefix("/pay/"), raw)
            elif parts.path.startswith(control.PREFIX):
                with self.server.box.lock:
                    found = control.answer(
                        self.server.box, self.command, parts.path, numbers.read(raw)
                    )
                    self._remember()
                    self._send(200, numbers.written(found))
            else:
                self._api(parts.path.removeprefix("/v3"), parts.query, raw)
        except ApiRefused as error:
            self._send(
                error.status, {"status": "error", "message": str(error), "data": None}
            )
        except (ValueError, KeyError, TypeError) as error:
            self._send(
                400, {"status": "error", "message": f"Bad request: {error}", "data": None}
            )

    def _page(self, tx_ref: str, raw: bytes) -> None:
        with self.server.box.lock:
            payment = self.server.box.payments.get(tx_ref)
            if payment is None:
                raise ApiRefused(404, "There is no such payment.")
            if self.command == "GET":
                self._send(200, pages.page(payment), kind="text/html; charset=utf-8")
                return
            how = urllib.parse.parse_qs(raw.decode()).get("how", ["cancelled"])[0]
            id = None
            if how in paying.REASONS:
                id = paying.pay(self.server.box, payment, how=how)["id"]
                self._remember()
        self.send_response(303)
        self.send_header("Location", pages.way_back(payment, status=how, transaction_id=id))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _api(self, path: str, query: str, raw: bytes) -> None:
        box = self.server.box
        key = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if not key.startswith("FLWSECK"):
            raise ApiRefused(401, "Invalid authorization key")
        with box.lock:
            fault = control.fault_for(box, method=self.command, path=path) or {}
            box.requests.append({"method": self.command, "path": path, "query": query})
        kind = str(fault.get("kind", ""))
        if kind.isdigit():
            raise ApiRefused(int(kind), "A fault that was asked for.")
        if kind == "no_answer":
            self._hang_up()
            return
        with box.lock:
            named = dict(urllib.parse.parse_qsl(query))
            found = api.answer(box, self.command, path, named, numbers.read(raw))
            text = numbers.written(found)
            self._remember()
        if kind == "slow":
            time.sleep(float(fault.get("seconds", 5)))
        if kind == "lost_answer":
            self._hang_up()
            return
        self._send(200, "<html>busy" if kind == "garbage" else text)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self, status: int, found: Row | str, *, kind: str = "application/json"
    ) -> None:
        body = (found if isinstance(found, str) else numbers.written(found)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # One write for head and body: two of them wait for each other's acknowledgement.
        self._headers_buffer.append(b"\r\n")  # type: ignore[attr-defined]
        self._headers_buffer.append(body)  # type: ignore[attr-defined]
        self.flush_headers()
