"""Send events to endpoints, in the background, and again when they were not taken.

Events leave one after the other in the order in which they happened, unless a fault was
asked for. A delivery counts as taken when it is answered with a 2xx in time.
"""

import http.client
import json
import logging
import threading
import time
import urllib.parse
from typing import Any

from servicebilling.sandbox.stripe import events, faults, signing
from servicebilling.sandbox.stripe.box import Box, Row, new_id
from servicebilling.sandbox.stripe.presenting import shown
from servicebilling.sandbox.stripe.webhook_endpoints import secrets_in_force

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# How many finished deliveries are remembered, for looking at.
FINISHED_MAX = 2000
log = logging.getLogger(__name__)


def send(box: Box, event: Row) -> None:
    """Put an event on its way to every endpoint that listens to its type."""
    for endpoint in box.every("webhook_endpoint"):
        wanted = endpoint["enabled_events"]
        if endpoint["status"] == "enabled" and {"*", event["type"]} & set(wanted):
            event["pending_webhooks"] += 1
            put_on_its_way(box, event["id"], endpoint["id"], event_type=event["type"])


events.SENDERS.append(send)


def put_on_its_way(
    box: Box, event_id: str, endpoint_id: str, *, event_type: str, is_claimed: bool = False
) -> Row:
    """Return a delivery; a claimed one is sent by whoever asked, faults or no faults."""
    row: Row = {
        "id": new_id("dlv_", 12),
        "event": event_id,
        "type": event_type,
        "endpoint": endpoint_id,
        "at": time.time(),
        "order": _next_order(box),
        "attempts": [],
        "is_taken": False,
        "held_by": None,
        "spoil": None,
        "is_under_way": is_claimed,
    }
    box.deliveries[row["id"]] = row
    if not is_claimed:
        _spoil(box, row)
    return row


def _spoil(box: Box, row: Row) -> None:
    """Do to a delivery what the faults that were asked for say."""
    type = row["type"]
    if faults.for_webhook(box, "drop", event_type=type):
        _finish(box, row)
        return
    if delay := faults.for_webhook(box, "delay", event_type=type):
        row["at"] += float(delay.get("seconds", 5))
    elif reorder := faults.for_webhook(box, "reorder", event_type=type):
        row["held_by"] = reorder["id"]
        held = [one for one in box.deliveries.values() if one["held_by"] == reorder["id"]]
        if len(held) >= reorder.get("size", 2):
            release(box, held)
        else:
            # It happens once all of them are there.
            reorder["happened"] -= 1
    if spoil := faults.for_webhook(
        box, "bad_signature", "refuse", "other_version", event_type=type
    ):
        row["spoil"] = {"kind": spoil["kind"], "api_version": spoil.get("api_version")}
    if faults.for_webhook(box, "twice", event_type=type):
        again = row | {"id": new_id("dlv_", 12), "order": _next_order(box), "attempts": []}
        box.deliveries[again["id"]] = again


def release(box: Box, held: list[Row]) -> None:
    """Send what was held, last first."""
    for row in reversed(held):
        row["held_by"] = None
        row["order"] = _next_order(box)


def claim_next(box: Box, at: float) -> tuple[Row | None, float]:
    """Return the delivery whose turn it is, or how many seconds until one is due."""
    waiting = [
        row
        for row in box.deliveries.values()
        if not (row["held_by"] or row["is_under_way"])
    ]
    due = [row for row in waiting if row["at"] <= at]
    if due:
        first = min(due, key=lambda row: row["order"])
        first["is_under_way"] = True
        return first, 0
    return None, min((row["at"] - at for row in waiting), default=60.0)


def attempt(box: Box, row: Row) -> Row:
    """Send a claimed delivery; return what became of it. The lock must not be held."""
    with box.lock:
        prepared = _prepare(box, row)
        seconds_max = float(box.settings["delivery_seconds_max"])
    outcome: Row = {"at": int(time.time()), "status": 0, "error": ""}
    try:
        if prepared is None:
            outcome["error"] = "the event or its endpoint is gone"
        elif (row["spoil"] or {}).get("kind") == "refuse" and not row["attempts"]:
            outcome["error"] = "not sent: a fault was asked for"
        else:
            outcome["status"] = _post(*prepared, seconds_max=seconds_max)
    except (OSError, http.client.HTTPException) as error:
        outcome["error"] = str(error) or type(error).__name__
    with box.lock:
        row["is_under_way"] = False
        _note(box, row, outcome, is_gone=prepared is None)
        box.changed()
    return outcome


def _note(box: Box, row: Row, outcome: Row, *, is_gone: bool) -> None:
    row["attempts"].append(outcome)
    if 200 <= outcome["status"] < 300:
        row["is_taken"] = True
        _finish(box, row)
        event = box.find("event", row["event"])
        if event is not None:
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
        return
    pauses = box.settings["delivery_retry_seconds"]
    tries = len(row["attempts"])
    if is_gone or tries > len(pauses):
        _finish(box, row)
    else:
        row["at"] = time.time() + pauses[tries - 1]


def _prepare(box: Box, row: Row) -> tuple[str, bytes, str] | None:
    """Return address, body and signature of a delivery."""
    spoil = row["spoil"] if not row["attempts"] else None
    kind = (spoil or {}).get("kind")
    if row["endpoint"] in box.destinations:
        destination = box.destinations[row["endpoint"]]
        thin = box.thin_events[row["event"]]
        body = json.dumps({key: thin[key] for key in thin if key != "data"}).encode()
        url, keys = destination["_url"], [destination["_secret"]]
    else:
        endpoint = box.find("webhook_endpoint", row["endpoint"])
        event = box.find("event", row["event"])
        if endpoint is None or event is None:
            return None
        version = endpoint["api_version"] or event["api_version"]
        if kind == "other_version":
            version = (spoil or {}).get("api_version") or "2024-06-20"
        text = json.dumps(shown(box, event) | {"api_version": version}, indent=2)
        body = text.encode()
        url, keys = endpoint["url"], secrets_in_force(box, endpoint)
    if kind == "bad_signature":
        keys = ["whsec_of_somebody_else"]
    return url, body, signing.header(body, keys, at=int(time.time()))


def _post(url: str, body: bytes, signature: str, *, seconds_max: float) -> int:
    """Return the status that the endpoint answers; raise OSError when it does not."""
    parts = urllib.parse.urlsplit(url)
    if parts.hostname not in LOOPBACK:
        raise OSError(
            f"the sandbox delivers to this machine alone, not to {parts.hostname}"
        )
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=seconds_max
    )
    try:
        connection.request(
            "POST",
            parts.path + (f"?{parts.query}" if parts.query else ""),
            body,
            {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Stripe/1.0 (sandbox of this machine)",
                "Stripe-Signature": signature,
            },
        )
        response = connection.getresponse()
        response.read(65_536)
        return response.status
    finally:
        connection.close()


def _next_order(box: Box) -> int:
    box.sends += 1
    return box.sends


def _finish(box: Box, row: Row) -> None:
    box.deliveries.pop(row["id"], None)
    box.delivered.append(row)
    del box.delivered[:-FINISHED_MAX]


class Messenger:
    """Delivers what is due, in a thread of its own."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.is_over = threading.Event()
        self.has_news = threading.Event()
        self.thread = threading.Thread(target=self._run, name="messenger", daemon=True)

    def start(self) -> None:
        self.box.listeners.append(self.has_news.set)
        self.thread.start()

    def stop(self) -> None:
        self.is_over.set()
        self.has_news.set()
        self.thread.join(timeout=15)

    def _run(self) -> None:
        while not self.is_over.is_set():
            self.has_news.clear()
            with self.box.lock:
                runs = self.box.settings["delivers_by_itself"]
                row, pause = claim_next(self.box, time.time()) if runs else (None, 60.0)
            if row is not None:
                attempt(self.box, row)
            else:
                self.has_news.wait(pause)


def settle(box: Box, *, seconds_max: float, event_ids: set[str] | None = None) -> bool:
    """Wait until nothing is due (of these events); return whether that came in time.

    Does not wait for what lies there until the control delivers it.
    """
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        with box.lock:
            if not any(_is_awaited(row, event_ids) for row in box.deliveries.values()):
                return True
            if not box.settings["delivers_by_itself"]:
                return False
        time.sleep(0.01)
    return False


def _is_awaited(row: Row, event_ids: set[str] | None) -> bool:
    if row["held_by"] or (event_ids and row["event"] not in event_ids):
        return False
    return bool(row["is_under_way"] or row["at"] <= time.time())


def drain(box: Box, *, also_later: bool = False) -> list[Row]:
    """Deliver by hand whatever is due, with `also_later` also what waits or is held."""
    done: list[Any] = []
    if also_later:
        with box.lock:
            release(box, [row for row in box.deliveries.values() if row["held_by"]])
            for row in box.deliveries.values():
                row["at"] = min(row["at"], time.time())
    while True:
        with box.lock:
            claimed, _ = claim_next(box, time.time())
        if claimed is None:
            return done
        outcome = attempt(box, claimed)
        done.append({"event": claimed["event"], "type": claimed["type"], **outcome})
