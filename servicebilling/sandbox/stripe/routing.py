"""Which operation a method and a path mean. The families register theirs on import."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servicebilling.sandbox.stripe.box import Row
from servicebilling.sandbox.stripe.parameters import EXPAND, ONLY_EXPAND, Hash

# Takes the box, the parameters, then what the path names; returns the answer's object.
Act = Callable[..., Row]


@dataclass(frozen=True)
class Operation:
    act: Act
    takes: Hash
    segments: tuple[str, ...]
    # Writing the answer down for an idempotency key is for POST alone.
    method: str


OPERATIONS: dict[tuple[str, int], list[Operation]] = {}


def get(path: str, takes: Hash = ONLY_EXPAND) -> Callable[[Act], Act]:
    return _register("GET", path, takes)


def post(path: str, takes: Hash = ONLY_EXPAND) -> Callable[[Act], Act]:
    return _register("POST", path, takes)


def delete(path: str, takes: Hash = ONLY_EXPAND) -> Callable[[Act], Act]:
    return _register("DELETE", path, takes)


def find(method: str, path: str) -> tuple[Operation, list[str]] | None:
    """Return the operation and the ids in the path; a literal segment wins over an id."""
    given = path.strip("/").split("/")
    best: tuple[Operation, list[str]] | None = None
    for operation in OPERATIONS.get((method, len(given)), []):
        ids: list[str] | None = _match(operation.segments, given)
        if ids is not None and (best is None or len(ids) < len(best[1])):
            best = operation, ids
    return best


def _register(method: str, path: str, takes: Hash) -> Callable[[Act], Act]:
    segments = tuple(path.strip("/").split("/"))
    whole = takes if "expand" in takes.fields else takes.also(expand=EXPAND)

    def register(act: Act) -> Act:
        operation = Operation(act, whole, segments, method)
        OPERATIONS.setdefault((method, len(segments)), []).append(operation)
        return act

    return register


def _match(segments: tuple[str, ...], given: list[str]) -> list[str] | None:
    ids: list[Any] = []
    for segment, word in zip(segments, given, strict=True):
        if segment.startswith("{"):
            if not word:
                return None
            ids.append(word)
        elif segment != word:
            return None
    return ids
