"""The second generation of the API, as far as it is needed: JSON bodies."""

import json
from typing import Any

from servicebilling.sandbox.stripe.box import Row
from servicebilling.sandbox.stripe.errors import ApiError


def decode(body: bytes) -> Row:
    """Return a JSON body with its leaves as text, as forms give them."""
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ApiError(f"Invalid JSON: {error}", is_kept=False) from error
    if not isinstance(found, dict):
        raise ApiError("A JSON object is expected.", is_kept=False)
    return {key: _as_text(value) for key, value in found.items() if value is not None}


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(row) for key, row in value.items()}
    if isinstance(value, list):
        return [_as_text(row) for row in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
