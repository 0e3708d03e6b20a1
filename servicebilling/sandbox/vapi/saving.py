"""Keep what happened in a file, so that a restart knows the calls of before.

A call that runs when the stand-in stops ends there, as it does when a worker of Vapi's shuts
down.
"""

import json
import logging
import os
from pathlib import Path

from servicebilling.sandbox.vapi import calls
from servicebilling.sandbox.vapi.box import SETTINGS, Box

KEPT = ("calls", "numbers", "assistants", "settings")
# A file of another layout is set aside, not guessed at.
LAYOUT = 1

log = logging.getLogger(__name__)


def dump(box: Box) -> str:
    with box.lock:
        kept = {name: getattr(box, name) for name in KEPT}
        return json.dumps({"layout": LAYOUT, **kept}, separators=(",", ":"))


def load(box: Box, path: Path) -> None:
    """Fill the box from the file, if there is one; a damaged one is renamed."""
    if not path.exists():
        return
    try:
        kept = json.loads(path.read_text())
        if kept["layout"] != LAYOUT:
            raise ValueError(f"layout {kept['layout']}")
        found = {name: kept[name] for name in KEPT}
    except (ValueError, KeyError) as error:
        aside = path.with_suffix(".unreadable")
        path.replace(aside)
        log.warning("%s could not be read (%s); it is now %s", path, error, aside)
        return
    for name, value in found.items():
        setattr(box, name, value)
    box.settings = SETTINGS | box.settings
    for call in box.calls.values():
        calls.end(box, call, reason="worker-shutdown")


def save(path: Path, text: str) -> None:
    """Write the file whole, or not at all; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)
