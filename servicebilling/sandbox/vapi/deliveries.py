"""Messages on their way: to one URL, and again as that server's plan says.

The URL is the assistant's for this call, else the number's, else the account's; a message
goes to one of them only. A message is taken when it is answered with a 2xx in time.
"""

import http.client
import json
import logging
import threading
import urllib.parse
from collections.abc import Callable
from functools import partial

from servicebilling.sandbox.vapi import faults
from servicebilling.sandbox.vapi.box import Box, Row

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# An assistant-request must be answered within 7.5 seconds, whatever the server says.
ASK_SECONDS_MAX = 7.5
SECONDS_MAX_DEFAULT = 20.0
SENT_MAX = 5000

log = logging.getLogger(__name__)


def tell(box: Box, call: Row, message: Row) -> None:
    """Send a message about a call, unless a fault was asked for that spoils it."""
    name = _name(message)
    if faults.for_message(box, "drop", name=name):
        return
    server = _server(box, call)
    if not box.settings["delivers_by_itself"]:
        box.outbox.append({"call_id": call["id"], "name": name, "message": message})
        return
    times = 2 if faults.for_message(box, "twice", name=name) else 1
    delay = faults.for_message(box, "delay", name=name)
    wait = float(delay.get("seconds", 5)) if delay else 0.0
    for _ in range(times):
        box.after(wait, partial(_in_background, box, server, message), paced=False)


def ask(box: Box, call: Row, message: Row, *, then: Callable[[Row | None], None]) -> None:
    """Send a question and hand over the answer; None if there was none in time."""
    server = _server(box, call)

    def run() -> None:
        answered = post(box, server, message, seconds_max=ASK_SECONDS_MAX)
        with box.lock:
            then(answered)

    threading.Thread(target=run, daemon=True).start()


def post(box: Box, server: Row, message: Row, *, seconds_max: float) -> Row | None:
    """Send once; return the answer's object if it was taken."""
    url = urllib.parse.urlsplit(server["url"])
    body = json.dumps({"message": message}).encode()
    status, answered = 0, b""
    if url.hostname in LOOPBACK:
        there = http.client.HTTPConnection(
            url.hostname or "", url.port or 80, timeout=seconds_max
        )
        headers = {"Content-Type": "application/json", "X-Vapi-Secret": box.webhook_secret}
        try:
            there.request("POST", url.path or "/", body, headers)
            response = there.getresponse()
            status, answered = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            log.info("%s was not taken: %s", _name(message), error)
        finally:
            there.close()
    with box.lock:
        box.sent.append(
            {"name": _name(message), "call_id": _call_id(message), "status": status}
        )
        del box.sent[:-SENT_MAX]
    if not 200 <= status < 300:
        return None
    try:
        found = json.loads(answered or b"{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _in_background(box: Box, server: Row, message: Row, attempt: int = 0) -> None:
    def run() -> None:
        wait = float(server.get("timeoutSeconds") or SECONDS_MAX_DEFAULT)
        if post(box, server, message, seconds_max=wait) is not None:
            return
        plan = server.get("backoffPlan") or {}
        if attempt >= int(plan.get("maxRetries") or 0):
            return
        base = float(plan.get("baseDelaySeconds") or 0)
        growth = 2**attempt if plan.get("type") == "exponential" else 1
        again = partial(_in_background, box, server, message, attempt + 1)
        box.after(base * growth, again, paced=False)

    threading.Thread(target=run, daemon=True).start()


def _server(box: Box, call: Row) -> Row:
    number = box.numbers.get(call["phoneNumberId"] or "") or {}
    assistant = box.assistants.get(call["assistantId"] or "") or {}
    holders = (call["assistantOverrides"], call["assistant"] or {}, assistant, number)
    for holder in holders:
        server: Row = holder.get("server") or {}
        if server.get("url"):
            return server
    return {"url": box.webhook_url}


def _name(message: Row) -> str:
    kind = str(message["type"])
    return f"{kind}:{message['status']}" if "status" in message else kind


def _call_id(message: Row) -> str:
    return str((message.get("call") or {}).get("id", ""))
