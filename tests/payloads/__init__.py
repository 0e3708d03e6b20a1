"""Stored bodies of other systems' messages, and ways to vary them."""

import json
from pathlib import Path
from typing import Any

VAPI = Path(__file__).parent / "vapi"

# The ids inside the samples.
CALL_ID = "019aa5f0-3c1e-7b42-9d10-5e8f7a6b4c21"
NUMBER_ID = "c2a9e6b1-58d4-4f37-8a0b-6f1d3e7c9b20"
NUMBER = "+12025550143"
CALLER = "+12025550178"
ASSISTANT_ID = "f0b7d3a8-9c61-4e25-b8f2-1a4c6d8e0b73"


def vapi_body(number: str) -> bytes:
    """The bytes of a sample, by the two digits that its name begins with."""
    (path,) = VAPI.glob(f"{number}-*.json")
    return path.read_bytes()


def vapi_message(number: str, **changes: Any) -> dict[str, Any]:
    """The message of a sample with fields changed; `call__id` is `call.id`, None removes."""
    message = json.loads(vapi_body(number))["message"]
    for path, value in changes.items():
        *parents, name = path.split("__")
        target = message
        for parent in parents:
            target = target[parent]
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return message


def as_body(message: Any) -> bytes:
    return json.dumps({"message": message}).encode()
