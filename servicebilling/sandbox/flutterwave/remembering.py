"""What the stand-in remembers from one start to the next: a file of JSON, written whole."""

import logging
from itertools import count
from pathlib import Path
from typing import Any

from servicebilling.sandbox.flutterwave import numbers
from servicebilling.sandbox.flutterwave.box import SETTINGS, Box

BY_NUMBER = ("transactions", "plans", "subscriptions", "refunds")
BY_NAME = ("payments", "tokens")

log = logging.getLogger(__name__)


def save(box: Box, path: Path) -> None:
    """Write everything but requests and deliveries."""
    kept: dict[str, Any] = {name: getattr(box, name) for name in (*BY_NUMBER, *BY_NAME)}
    kept["settings"] = box.settings
    beside = path.with_suffix(".tmp")
    beside.write_text(numbers.written(kept))
    beside.replace(path)


def load(box: Box, path: Path) -> None:
    """Take up what an earlier start wrote; a damaged file is set aside."""
    if not path.exists():
        return
    try:
        found = numbers.read(path.read_bytes())
        for name in BY_NUMBER:
            getattr(box, name).update({int(key): row for key, row in found[name].items()})
        for name in BY_NAME:
            getattr(box, name).update(found[name])
        box.settings = SETTINGS | found["settings"]
    except (ValueError, KeyError, AttributeError, TypeError):
        log.warning("%s is damaged and set aside", path)
        path.replace(path.with_suffix(".damaged"))
        box.reset()
        return
    highest = [max(getattr(box, name), default=0) for name in BY_NUMBER]
    box.numbering = count(max(410_000_000, *highest) + 1)
