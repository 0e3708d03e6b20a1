"""The one way out to Flutterwave's API, version 3: bounded in time, exact in its numbers.

Flutterwave answers 503 after some 28 seconds although a charge may still go through, and
knows no idempotency keys: what changes something is sent once and never again. Reading may be
repeated.
"""

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from billing.providers.base import Config, ProviderError
from servicebilling.lib import certificates, json_answers

NAME = "flutterwave"
API_BASE = "https://api.flutterwave.com/v3"
TIMEOUT = httpx.Timeout(35, connect=3.05)
READING_TIMEOUT = httpx.Timeout(15, connect=3.05)
READS_MAX = 3
PAUSE_SECONDS = 0.3
# A list that never ends must not keep a worker for ever.
PAGES_MAX = 200

_LIVE_KEY = re.compile(r"FLWSECK-")

Row = dict[str, Any]


class Missing(ProviderError):
    """Flutterwave knows no such object."""


@dataclass
class Gateway:
    """Calls Flutterwave with one account's key.

    Raises `ProviderError` for a live key beside another address than Flutterwave's own:
    whoever listens there would get the key.
    """

    config: Config
    sleep: Callable[[float], None] = field(default=time.sleep)

    def __post_init__(self) -> None:
        if self.config.api_base and _LIVE_KEY.match(self.config.secret_key):
            raise ProviderError(
                "FLUTTERWAVE_API_BASE is for a stand-in and is refused with a live key.",
                retry=False,
            )

    def read(self, path: str, **query: str | int) -> Row:
        """Return a whole answer, asked for again when the network or the server failed.

        Raises `Missing` and `ProviderError`.
        """
        for attempt in range(1, READS_MAX + 1):
            try:
                return self._ask("GET", path, timeout=READING_TIMEOUT, params=query)
            except ProviderError as error:
                if not error.retry or attempt == READS_MAX:
                    raise
                self.sleep(PAUSE_SECONDS * attempt * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError("unreachable")

    def read_all(self, path: str, **query: str | int) -> Iterator[Row]:
        """Yield the rows of a list, page after page. Raises `ProviderError`."""
        for page in range(1, PAGES_MAX + 1):
            answer = self.read(path, **query, page=page)
            rows = answer.get("data") or []
            yield from rows
            info = (answer.get("meta") or {}).get("page_info") or {}
            if not rows or page >= int(info.get("total_pages") or 1):
                return

    def act(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Row:
        """Change something, asked for exactly once. Raises `ProviderError`; with `retry`
        it is unknown whether it happened."""
        return self._ask(
            method,
            path,
            timeout=TIMEOUT,
            content=json_answers.written(dict(body or {})),
        )

    def _ask(self, method: str, path: str, **request: Any) -> Row:
        if not self.config.secret_key:
            raise ProviderError("FLUTTERWAVE_SECRET_KEY is not set.", retry=False)
        base = (self.config.api_base or API_BASE).rstrip("/")
        try:
            answer = httpx.request(
                method,
                f"{base}{path}",
                headers={
                    "Authorization": f"Bearer {self.config.secret_key}",
                    "Content-Type": "application/json",
                },
                follow_redirects=False,
                trust_env=False,
                verify=certificates.trusted(),
                **request,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderError(f"no answer: {type(error).__name__}", retry=True) from error
        return _read(answer)


def _read(answer: httpx.Response) -> Row:
    """Judge by the body as well: what is not found may come with status 200."""
    try:
        found = json.loads(answer.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        found = None
    said = str(found.get("message", ""))[:200] if isinstance(found, dict) else ""
    told = f"Flutterwave answered {answer.status_code}: {said or 'no message'}"
    if answer.status_code in (408, 429) or answer.status_code >= 500:
        raise ProviderError(told, retry=True)
    if answer.status_code == 404 or _is_missing(found):
        raise Missing(told, retry=False)
    if not isinstance(found, dict):
        raise ProviderError(told, retry=True)
    if answer.status_code >= 300 or found.get("status") != "success":
        raise ProviderError(told, retry=False)
    return found


def _is_missing(found: Any) -> bool:
    if not isinstance(found, dict) or found.get("status") != "error":
        return False
    words = str(found.get("message", "")).lower()
    return found.get("data") is None and ("not found" in words or "no transaction" in words)
