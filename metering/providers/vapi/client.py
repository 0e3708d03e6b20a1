"""Speaking to Vapi's API: placing calls, asking what became of them, reading its set-up.

Plain data in and out; every request has a time-out. What is not known is said: an answer that
never came (`OutcomeUnknown`) is something else than a refusal (`Refused`).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from metering.providers.base import (
    Dialled,
    FetchedCall,
    OutcomeUnknown,
    Page,
    Placing,
    ProviderError,
    Refused,
    SetUp,
)
from metering.providers.vapi import answers, fetched, http
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.wire import Malformed

# Placing a call waits for the provider's own telephony; reading does not.
PLACE_SECONDS_MAX = 15.0
READ_SECONDS_MAX = 10.0
# What Vapi takes as `limit` at most; its lists have no pages (its API reference).
LIST_MAX = 1000


@dataclass(frozen=True, slots=True)
class VapiClient:
    """One Vapi account, by its private key."""

    config: VapiConfig
    api_key: str
    api_base: str

    def place(self, placing: Placing) -> Dialled:
        """Dial, or open a web call, capped and reporting to us.

        Raises `Refused` if the call certainly does not exist, `OutcomeUnknown` if it may.
        """
        path = "/call/web" if placing.direction == "web" else "/call"
        body = answers.call(placing, self.config)
        try:
            found = self._ask("POST", path, json=body, seconds_max=PLACE_SECONDS_MAX)
            return fetched.dialled(found)
        except Malformed as error:
            raise OutcomeUnknown(f"the answer made no sense: {error}") from error

    def call(self, call_id: str, *, now: datetime) -> FetchedCall | None:
        """What Vapi knows of a call; None: nothing. Raises `ProviderError`."""
        try:
            found = self._ask("GET", f"/call/{_safe(call_id)}")
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return fetched.call(found, self.config, now=now)

    def calls(
        self,
        *,
        now: datetime,
        updated_since: datetime | None = None,
        created_since: datetime | None = None,
        created_before: datetime | None = None,
        limit: int = LIST_MAX,
    ) -> Page:
        """Up to `limit` calls of the account; `is_full` says that there may be more.

        Raises `ProviderError`.
        """
        given = {
            "updatedAtGe": updated_since,
            "createdAtGe": created_since,
            "createdAtLt": created_before,
        }
        query = {name: _iso(moment) for name, moment in given.items() if moment}
        found = self._ask("GET", "/call", params=query | {"limit": str(limit)})
        if not isinstance(found, list):
            raise ProviderError("the list of calls is no list", retry=True)
        calls = [fetched.call(one, self.config, now=now) for one in found]
        return Page(tuple(one for one in calls if one), is_full=len(found) >= limit)

    def set_up(self) -> SetUp:
        """The numbers and assistants of the account. Raises `ProviderError`."""
        numbers = self._ask("GET", "/phone-number", params={"limit": str(LIST_MAX)})
        assistants = self._ask("GET", "/assistant", params={"limit": str(LIST_MAX)})
        try:
            return fetched.set_up(numbers, assistants)
        except Malformed as error:
            raise ProviderError(str(error), retry=True) from error

    def point_number_here(self, number_id: str, *, kind: str) -> None:
        """Let a number ask us before each call, and report to us. Raises `ProviderError`."""
        body = {
            "provider": kind,
            "assistantId": None,
            "squadId": None,
            "workflowId": None,
            "fallbackDestination": None,
            "server": answers.server(self.config),
        }
        self._ask("PATCH", f"/phone-number/{_safe(number_id)}", json=body)

    def balance_usd(self) -> Decimal | None:
        """What is left of our own credit with Vapi, in USD; None if the key may not know.

        Raises `ProviderError` if Vapi cannot be reached.
        """
        try:
            found = self._ask("GET", "/subscription")
        except Refused:
            return None
        return fetched.balance(found)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        seconds_max: float = READ_SECONDS_MAX,
        **request: Any,
    ) -> Any:
        return http.ask(
            method,
            self.api_base.rstrip("/") + path,
            headers={"Authorization": f"Bearer {self.api_key}"},
            seconds_max=seconds_max,
            **request,
        )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _safe(identifier: str) -> str:
    """An id goes into a path, so it must not be able to lead elsewhere."""
    if not identifier or not all(sign.isalnum() or sign in "-_" for sign in identifier):
        raise Refused("this is no id of Vapi's", status=404, retry=False)
    return identifier
