"""How an act of the control is registered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servicebilling.sandbox.stripe.parameters import Hash

Act = Callable[..., Any]


@dataclass(frozen=True)
class Control:
    act: Act
    takes: Hash
    method: str
    segments: tuple[str, ...]
    # Acts that wait for webhooks must not hold the lock meanwhile: they take it themselves.
    is_locked: bool


CONTROLS: list[Control] = []


def does(
    method: str, path: str, takes: Hash | None = None, *, is_locked: bool = True
) -> Callable[[Act], Act]:
    """Register an act under /_sandbox/…; it returns what is answered as JSON."""

    def register(act: Act) -> Act:
        segments = tuple(path.strip("/").split("/"))
        CONTROLS.append(Control(act, takes or Hash(), method, segments, is_locked))
        return act

    return register
