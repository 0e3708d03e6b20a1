"""Keep the box in a file, so that a restart finds everything where it was."""

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from servicebilling.sandbox.stripe.box import SETTINGS, Box

KEPT = (
    "tables",
    "settings",
    "answers",
    "faults",
    "deliveries",
    "delivered",
    "sends",
    "thin_events",
    "destinations",
    "meter_events",
    "identifiers",
    "agenda",
    "plans",
    "ahead_seconds",
    "frozen_at",
)
# A file of another layout is set aside, not guessed at.
LAYOUT = 1
PAUSE_SECONDS = 0.25

log = logging.getLogger(__name__)


def dump(box: Box) -> str:
    with box.lock:
        kept = {name: getattr(box, name) for name in KEPT}
        return json.dumps({"layout": LAYOUT, **kept}, separators=(",", ":"))


def load(box: Box, path: Path) -> bool:
    """Fill the box from the file; return whether there was one that could be read.

    A damaged file is renamed, and the box starts empty.
    """
    if not path.exists():
        return False
    try:
        kept: dict[str, Any] = json.loads(path.read_text())
        if kept["layout"] != LAYOUT:
            raise ValueError(f"layout {kept['layout']}")
        found = {name: kept[name] for name in KEPT}
    except (ValueError, KeyError) as error:
        aside = path.with_suffix(".unreadable")
        path.replace(aside)
        log.warning("%s could not be read (%s); it is now %s", path, error, aside)
        return False
    for name, value in found.items():
        setattr(box, name, value)
    box.settings = SETTINGS | box.settings
    for delivery in box.deliveries.values():
        delivery["is_under_way"] = False
    return True


def save(box: Box, path: Path) -> None:
    """Write the file whole, or not at all; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    text = dump(box)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)


class Saver:
    """Saves soon after a change, in a thread of its own, and once more at the end.

    A process that is killed outright loses at most the last quarter of a second.
    """

    def __init__(self, box: Box, path: Path) -> None:
        self.box = box
        self.path = path
        self.is_due = threading.Event()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, name="saver", daemon=True)

    def start(self) -> None:
        self.box.listeners.append(self.is_due.set)
        self.thread.start()

    def stop(self) -> None:
        self.is_over.set()
        self.is_due.set()
        self.thread.join(timeout=10)
        save(self.box, self.path)

    def _run(self) -> None:
        while True:
            self.is_due.wait()
            if self.is_over.wait(PAUSE_SECONDS):
                return
            self.is_due.clear()
            try:
                save(self.box, self.path)
            except OSError as error:
                log.warning("The sandbox could not be saved: %s", error)
