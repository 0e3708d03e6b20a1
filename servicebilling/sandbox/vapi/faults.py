"""Break on demand, for the tests of whoever must survive it.

A fault skips the first `skip` requests or messages that it could spoil, spoils `times` of
them (0: all, until it is taken away), and only `percent` of them if that is given.

Of requests (`method`, `path` with wildcards): `500` (nothing happens) · `429` · `400` ·
`lost_answer` (it happens, the connection closes without a word) · `no_answer` (nothing
happens, the connection closes) · `slow` (it happens, the answer comes after `seconds`).

Of messages (`types` such as `end-of-call-report` or `status-update:ended`): `drop` · `twice`
· `delay` (by `seconds`) · `first` (sent as soon as the call runs, before anything else: only
for `end-of-call-report`, of calls whose end is known by then).
"""

import random
from fnmatch import fnmatchcase

from servicebilling.sandbox.vapi.box import Box, Row, new_id

OF_REQUESTS = ("500", "429", "400", "lost_answer", "no_answer", "slow")
OF_MESSAGES = ("drop", "twice", "delay", "first")


def ask_for(box: Box, wanted: Row) -> Row:
    """Note a fault that is to happen. Raises ValueError for one that there is not."""
    if wanted.get("kind") not in (*OF_REQUESTS, *OF_MESSAGES):
        raise ValueError(f"there is no fault {wanted.get('kind')!r}")
    fault: Row = {
        "id": new_id(),
        "times": 1,
        "skip": 0,
        "happened": 0,
        "method": None,
        "path": "*",
        "types": ["*"],
    } | wanted
    box.faults.append(fault)
    return fault


def for_request(box: Box, *, method: str, path: str) -> Row | None:
    """Return the fault that this request meets, counted as happened."""
    for fault in box.faults:
        concerns = fault["kind"] in OF_REQUESTS and fault["method"] in (None, method)
        if concerns and fnmatchcase(path, fault["path"]) and _strikes(fault):
            return fault
    return None


def for_message(box: Box, kind: str, *, name: str) -> Row | None:
    for fault in box.faults:
        concerns = any(fnmatchcase(name, one) for one in fault["types"])
        if fault["kind"] == kind and concerns and _strikes(fault):
            return fault
    return None


def _strikes(fault: Row) -> bool:
    if fault["times"] and fault["happened"] >= fault["times"]:
        return False
    if fault["skip"]:
        fault["skip"] -= 1
        return False
    percent: int = fault.get("percent", 100)
    if percent < 100:
        # Seeded and counted, so that a run can be repeated.
        fault["tried"] = fault.get("tried", 0) + 1
        dice = random.Random(f"{fault.get('seed', 0)}/{fault['tried']}")  # noqa: S311
        if dice.randrange(100) >= percent:
            return False
    fault["happened"] += 1
    return True
