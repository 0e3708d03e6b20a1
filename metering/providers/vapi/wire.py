"""Reading what came over the wire without believing it. Pure.

Every reader returns a clean value, None where there is nothing, or raises `Malformed`.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

TEXT_LENGTH_MAX = 160
_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
# NUL and lone surrogates cannot be stored; other controls are never part of a name.
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Malformed(ValueError):
    """A body, or a field of it, makes no sense; the text says which."""


def load(body: bytes) -> dict[str, Any]:
    """Return the `message` of a body with exact numbers. Raises `Malformed`."""
    try:
        found = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_int=_int,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise Malformed("the body is no object")
    message = found.get("message")
    if not isinstance(message, dict):
        raise Malformed("`message` is no object")
    return message


def record(parent: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object; an empty one where there is none."""
    found = parent.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Malformed(f"`{name}` is no object")
    return found


def identifier(parent: dict[str, Any], name: str) -> str:
    """An id as providers make them: printable ASCII without spaces; "" for none."""
    found = parent.get(name)
    if found is None or found == "":
        return ""
    if not isinstance(found, str) or not _IDENTIFIER.fullmatch(found):
        raise Malformed(f"`{name}` is no id")
    return found


def text(parent: dict[str, Any], name: str) -> str:
    """Free text on one line, cut to a storable length; "" for anything else."""
    found = parent.get(name)
    if not isinstance(found, str):
        return ""
    return storable(found)[:TEXT_LENGTH_MAX].strip()


def storable(found: str) -> str:
    """The text without what PostgreSQL cannot keep."""
    return _UNSTORABLE.sub(" ", found)


def moment(parent: dict[str, Any], name: str) -> datetime | None:
    """A time: ISO 8601 with its offset, or milliseconds since 1970."""
    found = parent.get(name)
    if found is None:
        return None
    try:
        if isinstance(found, str) and found.isascii():
            when = datetime.fromisoformat(found)
        elif isinstance(found, int | Decimal) and not isinstance(found, bool):
            when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found))
        else:
            raise ValueError
    except (ValueError, OverflowError):
        raise Malformed(f"`{name}` is no time") from None
    if when.tzinfo is None or not EARLIEST <= when < LATEST:
        raise Malformed(f"`{name}` is no time")
    return when.astimezone(UTC)


def number(parent: dict[str, Any], name: str) -> Decimal | None:
    """An exact number. Texts count only as plain decimals: that is how we store them."""
    found = parent.get(name)
    if found is None:
        return None
    is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    is_text = isinstance(found, str) and _PLAIN_NUMBER.fullmatch(found)
    if not (is_number or is_text):
        raise Malformed(f"`{name}` is no number")
    try:
        exact = Decimal(found)
        if not exact.is_finite() or abs(exact) >= Decimal(10) ** 12:
            raise Malformed(f"`{name}` is no number")
        return exact
    except InvalidOperation:
        raise Malformed(f"`{name}` is no number") from None


def _int(digits: str) -> int:
    # Thousands of digits would be a number only to burn time on.
    if len(digits) > 30:
        raise ValueError("too many digits")
    return int(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
