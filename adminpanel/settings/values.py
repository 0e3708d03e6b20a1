"""Settings as people write them: amounts by currency and words by reason on lines of their
own, lists with commas. What a setting may be, its definition says."""

import json
from typing import Any

from accounts.setting_definitions import DEFINITIONS
from metering.calls import refusals

REFUSAL_TEXTS = "refusal_texts"
# Changed on a page of their own, with every bundle's price.
PRICED = ("markup_percent", "base_minute_cost")


def written(value: Any) -> str:
    """Return a value as it is written into the form, and shown."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {said}" for key, said in value.items())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def read(key: str, said: str) -> Any:
    """Return what was written as the setting keeps it. Raises ValueError in plain words."""
    definition = DEFINITIONS[key]
    return definition.check(_of_kind(definition.default, said.strip()))


def reasons() -> tuple[str, ...]:
    """Return the reasons that have words of their own, and the one for all others."""
    return (*refusals.WORDED, refusals.FOR_ALL)


def _of_kind(default: Any, said: str) -> Any:
    if isinstance(default, bool):
        return {"yes": True, "no": False}.get(said.lower(), said)
    if isinstance(default, int):
        return int(said) if said.isascii() and said.isdecimal() else said
    if isinstance(default, dict):
        pairs = [line.partition(":") for line in said.splitlines() if line.strip()]
        if not all(colon for _, colon, _ in pairs):
            raise ValueError("Write one on each line, such as USD: 10.")
        return {key.strip(): value.strip() for key, _, value in pairs}
    if isinstance(default, list):
        parts = [part.strip() for part in said.split(",") if part.strip()]
        is_whole = bool(default) and isinstance(default[0], int)
        return [_whole(part) for part in parts] if is_whole else parts
    return said


def _whole(part: str) -> Any:
    return json.loads(part) if part.isascii() and part.isdecimal() and part != "0" else part
