"""A log record as one line: JSON for machines, or words for whoever reads along."""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from servicebilling.lib.logs import context
from servicebilling.lib.logs.scrubbing import Scrubber

TEXT_LENGTH_MAX = 8000


# Made once: `json.dumps` makes an encoder each time.
_dumps = json.JSONEncoder(default=str, separators=(",", ":")).encode


class JsonLine(logging.Formatter):
    """`at`, `level`, `logger`, `event`, the bound ids, the event's own fields, `error`.

    Nothing else of a record is written, whatever a library hangs on it.
    """

    def __init__(self, *, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._scrubber = Scrubber(secrets)

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(
                "T", "milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self._clean(_event(record)),
        }
        for name, value in (dict(context.current()) | _facts(record)).items():
            line[name] = self._clean(value) if isinstance(value, str) else value
        if record.exc_info:
            line["error"] = self._clean(self.formatException(record.exc_info))
        return _dumps(line)

    def _clean(self, text: str) -> str:
        return self._scrubber.clean(text)[:TEXT_LENGTH_MAX]


class TextLine(JsonLine):
    """The same for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        fields = dict(context.current()) | _facts(record)
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        at = datetime.fromtimestamp(record.created, UTC)
        words = (f"{at:%H:%M:%S}", record.levelname, f"{record.name}:", _event(record))
        line = " ".join((*words, told)).rstrip()
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return self._clean(line)


FORMATS = {"json": JsonLine, "text": TextLine}


def of_format(name: str, *, secrets: Iterable[str] = ()) -> JsonLine:
    """Return the formatter of that name. Raises KeyError."""
    return FORMATS[name](secrets=secrets)


def _event(record: logging.LogRecord) -> str:
    """What Django says of a request names its path, and paths hold keys that let people in."""
    return "request_refused" if _route(record) is not None else record.getMessage()


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    route = _route(record)
    if route is None:
        return dict(getattr(record, "fields", {}))
    return {"status": getattr(record, "status_code", None), "route": route}


def _route(record: logging.LogRecord) -> str | None:
    request: Any = getattr(record, "request", None)
    if not hasattr(request, "resolver_match"):
        return None
    return request.resolver_match.route if request.resolver_match else ""
