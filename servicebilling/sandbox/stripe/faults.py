"""Break on demand, for the tests of whoever must survive it.

A fault waits for the requests (or webhooks) it names, skips the first `skip` of them, spoils
`times` (0: all, until it is taken away), and only `percent` of them if that is given.

Of API requests: `429` (nothing happens) · `500` (with `applied` it happened, with `kept` the
answer is stored for the idempotency key) · `lost_answer` (it happened, the connection closes
without a word) · `no_answer` (nothing happens, the connection closes) · `slow` (it happens,
the answer comes after `seconds`) · `card` (every card is refused, with `decline_code`).

Of webhooks, by `types` such as `invoice.*`: `twice` · `drop` · `delay` (by `seconds`) ·
`reorder` (holds `size` of them, then sends them backwards) · `bad_signature` · `refuse`
(counts as not taken without being sent, so that it is tried again) · `other_version` (the
event says `api_version`).
"""

import random
from collections.abc import Callable
from fnmatch import fnmatchcase

from servicebilling.sandbox.stripe.box import Box, Row, new_id
from servicebilling.sandbox.stripe.parameters import (
    Choice,
    Flag,
    Hash,
    Number,
    Rows,
    Text,
    Whole,
)

OF_REQUESTS = ("429", "500", "lost_answer", "no_answer", "slow", "card")
OF_WEBHOOKS = (
    "twice",
    "drop",
    "delay",
    "reorder",
    "bad_signature",
    "refuse",
    "other_version",
)
TAKES = Hash(
    must=["kind"],
    kind=Choice(*OF_REQUESTS, *OF_WEBHOOKS),
    times=Whole(least=0),
    skip=Whole(least=0),
    percent=Whole(least=1, most=100),
    seed=Whole(),
    method=Choice("GET", "POST", "DELETE"),
    path=Text(),
    types=Rows(Text()),
    applied=Flag(),
    kept=Flag(),
    seconds=Number(),
    size=Whole(least=2, most=1000),
    decline_code=Text(),
    api_version=Text(),
)


def ask_for(box: Box, params: Row) -> Row:
    """Note a fault that is to happen."""
    fault: Row = {
        "id": new_id("fault_", 8),
        "times": 1,
        "skip": 0,
        "happened": 0,
        "method": None,
        "path": "*",
        "types": ["*"],
    } | params
    box.faults.append(fault)
    return fault


def for_request(box: Box, *, method: str, path: str) -> Row | None:
    """Return the fault that this request meets, counted as happened."""
    return _take(
        box,
        OF_REQUESTS[:-1],
        lambda fault: (
            fault["method"] in (None, method) and fnmatchcase(path, fault["path"])
        ),
    )


def for_webhook(box: Box, *kinds: str, event_type: str) -> Row | None:
    return _take(
        box,
        kinds,
        lambda fault: any(fnmatchcase(event_type, type) for type in fault["types"]),
    )


def for_card(box: Box) -> Row | None:
    return _take(box, ("card",), lambda fault: True)


def _take(box: Box, kinds: tuple[str, ...], concerns: Callable[[Row], bool]) -> Row | None:
    for fault in box.faults:
        if fault["kind"] not in kinds or not concerns(fault):
            continue
        if fault["times"] and fault["happened"] >= fault["times"]:
            continue
        if fault["skip"]:
            fault["skip"] -= 1
            continue
        if not _strikes(fault):
            continue
        fault["happened"] += 1
        return fault
    return None


def _strikes(fault: Row) -> bool:
    percent: int = fault.get("percent", 100)
    if percent == 100:
        return True
    # Seeded and counted, so that a run can be repeated.
    fault["tried"] = fault.get("tried", 0) + 1
    dice = random.Random(f"{fault.get('seed', 0)}/{fault['tried']}")  # noqa: S311
    return dice.randrange(100) < percent
