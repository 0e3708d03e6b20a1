"""What JSON parsers disagree on, refused: hooks for `json.load`. Pure."""

from typing import Any


def refuse_constant(name: str) -> None:
    """For `parse_constant`: NaN and the infinities are no JSON. Raises ValueError."""
    raise ValueError(f"{name} is no number of JSON")


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `object_pairs_hook`: two programs would read two values of a name that stands twice.
    Raises ValueError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found
