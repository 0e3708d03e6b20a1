"""HTTP: three doors on one loopback port.

/control/… steers a running call, /_sandbox/… the stand-in, everything else is the API.
"""

import json
import socket
import time
import traceback
import urllib.parse
from typing import Any

from servicebilling.sandbox.serving import BODY_BYTES_MAX, LoopbackHandler, LoopbackServer
from servicebilling.sandbox.vapi import api, calls, control, faults
from servicebilling.sandbox.vapi.api import ApiRefused, Given
from servicebilling.sandbox.vapi.box import Box, Row


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

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(Given(413, {"message": "too long"}))
            return
        raw = self.rfile.read(length)
        if not self.is_to_this_machine():
            self._send(Given(403, {"message": "This machine alone."}))
            return
        parts = urllib.parse.urlsplit(self.path)
        try:
            body = json.loads(raw or b"{}")
            given = self._answer(parts.path, parts.query, body)
        except ValueError:
            given = Given(400, {"message": "The body is not JSON.", "statusCode": 400})
        except ApiRefused as error:
            given = Given(error.status, {"message": str(error), "statusCode": error.status})
        except Exception:
            self.server.box.mistakes.append(traceback.format_exc())
            given = Given(500, {"message": "The stand-in broke.", "statusCode": 500})
        if given.status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(given)

    def _answer(self, path: str, query: str, body: Any) -> Given:
        box = self.server.box
        if path.rstrip("/") + "/" == control.PREFIX:
            with box.lock:
                return control.answer(box, "GET", f"{control.PREFIX}state", {})
        if path.startswith(control.PREFIX):
            with box.lock:
                return control.answer(box, self.command, path, body)
        if path.startswith("/control/"):
            return self._steer(path.removeprefix("/control/"), body)
        self._check_key()
        with box.lock:
            fault = faults.for_request(box, method=self.command, path=path)
            box.requests.append({"method": self.command, "path": path, "query": query})
        kind = fault["kind"] if fault else ""
        if kind in ("500", "429", "400"):
            raise ApiRefused(int(kind), "A fault that was asked for.")
        if kind == "no_answer":
            return Given(0, None)
        with box.lock:
            named = dict(urllib.parse.parse_qsl(query))
            given = api.answer(box, self.command, path, named, body)
            text = json.dumps(given.found)
        if fault and kind == "slow":
            time.sleep(float(fault.get("seconds", 5)))
        return Given(0, None) if kind == "lost_answer" else Given(given.status, text)

    def _steer(self, call_id: str, command: Row) -> Given:
        box = self.server.box
        with box.lock:
            call = box.calls.get(call_id)
            if call is None or not calls.steer(box, call, command):
                raise ApiRefused(404, "The call does not run.")
        return Given(200, {})

    def _check_key(self) -> None:
        scheme, _, key = (self.headers.get("Authorization") or "").partition(" ")
        wanted = self.server.box.api_key
        if scheme != "Bearer" or not key or (wanted and key != wanted):
            raise ApiRefused(401, "Invalid Key. Hot tip, you may be using the public key.")

    def _send(self, given: Given) -> None:
        found = given.found if isinstance(given.found, str) else json.dumps(given.found)
        body = found.encode()
        self.send_response(given.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # One write for head and body: two of them wait for each other's acknowledgement.
        self._headers_buffer.append(b"\r\n")  # type: ignore[attr-defined]
        self._headers_buffer.append(body)  # type: ignore[attr-defined]
        self.flush_headers()
