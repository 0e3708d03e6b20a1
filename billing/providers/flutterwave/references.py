"""Our references at Flutterwave. Pure. The id of a row of ours, so it exists before anything
is asked for there; a plan's says so, since what is paid with it begins a subscription."""

from dataclasses import dataclass
from uuid import UUID

_ONCE, _PLAN = "sb-", "sb-plan-"


@dataclass(frozen=True, slots=True)
class Reference:
    id: UUID
    is_plan: bool


def text(id: UUID, *, is_plan: bool = False) -> str:
    return f"{_PLAN if is_plan else _ONCE}{id.hex}"


def parse(given: str) -> Reference | None:
    """Return what a reference says; None if it is none of ours."""
    is_plan = given.startswith(_PLAN)
    prefix = _PLAN if is_plan else _ONCE
    digits = given.removeprefix(prefix)
    if not given.startswith(prefix) or len(digits) != 32:
        return None
    try:
        found = UUID(hex=digits)
    except ValueError:
        return None
    # What UUID reads more loosely than we write is none of ours.
    return Reference(found, is_plan) if text(found, is_plan=is_plan) == given else None
