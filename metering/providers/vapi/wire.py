"""Reading what came over the wire without believing it. Pure.

`load` is strict about JSON. The cleaners turn one value into what may be kept of it: clean
text, an exact decimal as text, a UTC time as text; "" or None where there is nothing. What
cannot be used becomes a mark that says so, because a fact must not vanish for being odd.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from servicebilling.lib import strict_json

Kept = dict[str, Any]

UNUSABLE = "unusable"
PLACES = Decimal("0.000001")
NUMBER_BELOW = 10**12
MILLISECONDS_BELOW = 10**13
PARTS_MAX = 30
HINT_LENGTH = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_IDENTIFIER = re.compile(r"[\x21-\x7e]+")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})"
)
# NUL and lone surrogates cannot be stored; other controls are never part of a name.
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PRIVATE = re.compile(r"secret|token|key|password|auth|bearer|sid", re.IGNORECASE)
_RANDOM = re.compile(r"[\w.+/=-]{24,}")


class Malformed(ValueError):
    """A body, or a field of it, makes no sense; the text says which."""


def load(body: bytes) -> dict[str, Any]:
    """Return the `message` of a body with exact numbers. Raises `Malformed`."""
    found = load_any(body)
    if not isinstance(found, dict):
        raise Malformed("the body is no object")
    message = found.get("message")
    if not isinstance(message, dict):
        raise Malformed("`message` is no object")
    return message


def load_any(body: bytes) -> Any:
    """Return what a body holds, with exact numbers. Raises `Malformed`.

    Refused as well: what JSON parsers disagree on (a key that stands twice, NaN), and
    nesting beyond what the interpreter follows.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_int=_whole,
            parse_constant=strict_json.refuse_constant,
            object_pairs_hook=strict_json.without_duplicates,
        )
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from None


def unusable(found: Any) -> Kept:
    """The mark of a value that cannot be used, with a hint at what it was."""
    if isinstance(found, dict | list):
        return {UNUSABLE: f"a {type(found).__name__} of {len(found)}"}
    return {UNUSABLE: hint(str(found))}


def hint(text: str) -> str:
    """The start of a text that could not be read; nothing if it may be a secret."""
    start = storable(text[:HINT_LENGTH])
    return "" if _PRIVATE.search(start) else _RANDOM.sub("…", start)


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot keep."""
    return _UNSTORABLE.sub(" ", text)


def identifier(found: Any, *, length_max: int = 120) -> str | Kept:
    """An id or a name as providers make them: printable ASCII without spaces, whole."""
    if found is None or found == "":
        return ""
    if isinstance(found, str) and len(found) <= length_max and _IDENTIFIER.fullmatch(found):
        return found
    return unusable(found)


def words(found: Any, *, length_max: int = 160) -> str | Kept:
    """Free text on one line, cut to length."""
    if found is None:
        return ""
    if not isinstance(found, str):
        return unusable(found)
    return storable(found[: length_max * 2])[:length_max].strip()


def moment(found: Any) -> str | None | Kept:
    """A time: ISO 8601 with its offset, or milliseconds since 1970."""
    if found is None:
        return None
    try:
        when = _time(found)
        if _EARLIEST <= when < _LATEST:
            return when.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        pass
    return unusable(found)


def number(found: Any) -> str | None | Kept:
    """An exact number, to the sixth place. A text is not a number."""
    if found is None:
        return None
    if _is_number(found, below=NUMBER_BELOW):
        return f"{Decimal(found).quantize(PLACES, ROUND_HALF_UP).normalize():f}"
    return unusable(found)


def parts(found: Any) -> dict[str, str]:
    """Those entries of an object that are plain numbers, such as the parts of a cost."""
    kept: dict[str, str] = {}
    for name in list(found)[:PARTS_MAX] if isinstance(found, dict) else ():
        value = number(found[name])
        if isinstance(value, str):
            kept[storable(name)[:40]] = value
    return kept


def tool_calls(found: Any) -> list[dict[str, str]]:
    """Ids and names of tool calls, nested under `function` (the schema) or flat (the docs)."""
    calls = []
    for call in found[:PARTS_MAX] if isinstance(found, list) else ():
        if not isinstance(call, dict):
            continue
        function = call.get("function")
        holder = function if isinstance(function, dict) else call
        named = {"id": words(call.get("id")), "name": words(holder.get("name"))}
        calls.append({key: text for key, text in named.items() if isinstance(text, str)})
    return calls


def _time(found: Any) -> datetime:
    if isinstance(found, str) and _TIME.fullmatch(found):
        return datetime.fromisoformat(found)
    if _is_number(found, below=MILLISECONDS_BELOW):
        return _EPOCH + timedelta(microseconds=int(Decimal(found) * 1000))
    raise ValueError("no time")


def _is_number(found: Any, *, below: int) -> bool:
    # Bounded before any arithmetic: 1e999999999 as a whole number would fill the memory.
    is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    return is_number and -below < found < below


def _whole(digits: str) -> int | Decimal:
    # Thousands of digits would be an `int` only to burn time on.
    return int(digits) if len(digits) < 20 else Decimal(digits)
