"""How answers of the API are written: JSON whose numbers are exactly the decimals they were."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class ExactJSONRenderer(JSONRenderer):
    """Writes a `Decimal` as a JSON number with its own digits, never by way of a float."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        # Half of a surrogate pair can come back in a message about what was sent.
        return written(data).encode(errors="replace")


def written(value: Any) -> str:
    """Return a value as compact JSON. Raises ValueError for a number that JSON has not."""
    if isinstance(value, dict):
        pairs = (f"{_text(str(key))}:{written(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(written(one) for one in value) + "]"
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value, allow_nan=False)
    return written(JSONEncoder().default(value))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"JSON has no {value}")
    exact = f"{value:f}"
    return exact.rstrip("0").rstrip(".") if "." in exact else exact
