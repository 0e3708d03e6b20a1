"""JSON whose amounts keep their digits: read as decimals, written as they are."""

import json
from decimal import Decimal
from typing import Any


def read(raw: bytes) -> Any:
    return json.loads(raw or b"{}", parse_float=Decimal)


def written(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(str(key))}:{written(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(written(one) for one in value) + "]"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value)
