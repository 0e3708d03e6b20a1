"""Everything that is remembered. Rows are dicts as Flutterwave shows them; keys that begin
with an underscore are the stand-in's own. One lock guards all of it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

Row = dict[str, Any]

SETTINGS: Row = {
    # `event` (the documented one) or `flat` (the older one).
    "shape": "event",
    # `hash`: the secret as it is; `hmac`: the body signed with it.
    "signs": "hash",
    # With `false` webhooks are kept in `hooks` and sent to nobody.
    "delivers": True,
    # Saved cards say no, or leave everybody waiting.
    "declines_tokens": False,
    "tokens_stay_pending": False,
}


@dataclass
class Box:
    base_url: str = "http://127.0.0.1"
    webhook_url: str = ""
    webhook_secret: str = ""
    wall: Callable[[], float] = time.time
    lock: threading.RLock = field(default_factory=threading.RLock)
    settings: Row = field(default_factory=lambda: dict(SETTINGS))
    # By tx_ref: what a hosted page was opened for.
    payments: dict[str, Row] = field(default_factory=dict)
    transactions: dict[int, Row] = field(default_factory=dict)
    plans: dict[int, Row] = field(default_factory=dict)
    subscriptions: dict[int, Row] = field(default_factory=dict)
    refunds: dict[int, Row] = field(default_factory=dict)
    # Token, then the address that it is bound to.
    tokens: dict[str, str] = field(default_factory=dict)
    faults: list[Row] = field(default_factory=list)
    # What was sent and what came back, newest last.
    hooks: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
    numbering: Any = field(default_factory=lambda: count(410_000_001))

    def now(self) -> str:
        moment = datetime.fromtimestamp(self.wall(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def new_id(self) -> int:
        return int(next(self.numbering))

    def reset(self) -> None:
        for kept in (
            self.payments,
            self.transactions,
            self.plans,
            self.subscriptions,
            self.refunds,
            self.tokens,
            self.faults,
            self.hooks,
            self.requests,
        ):
            kept.clear()
        self.settings = dict(SETTINGS)


def shown(row: Row) -> Row:
    """Return a row as the API shows it."""
    return {key: value for key, value in row.items() if not key.startswith("_")}
