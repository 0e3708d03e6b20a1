"""Posts the messages of invented calls to a running site, several calls at once."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.kept import TOKEN_KEY
from metering.simulation.messages import Json
from metering.simulation.stories import Story

CONCURRENCY_MAX = 64
TIMEOUT_SECONDS = 30
# As the provider repeats what was not stored.
PAUSES_SECONDS = (0.2, 0.5, 1.0)

Told = Callable[[int, int], None]


class NobodyAnswers(Exception):
    """There is no site at that address; the message is for people."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call. `problem`: an answer that a provider must never get."""

    call_id: str
    is_admitted: bool = False
    refusal: str = ""
    problem: str = ""


def post_all(
    stories: Sequence[Story],
    *,
    url: str,
    config: VapiConfig,
    concurrency: int,
    told: Told = lambda *_: None,
) -> list[Outcome]:
    """Let the calls happen, at most `concurrency` of them at once; return what became of
    each that did. `told` hears how many are done, of how many.

    Raises `NobodyAnswers`; calls that have begun are then ended, the others left out.
    """
    outcomes = []
    limits = httpx.Limits(max_connections=concurrency)
    with (
        httpx.Client(timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False) as client,
        ThreadPoolExecutor(concurrency) as pool,
    ):
        provider = _Provider(client, url, config)
        running = [pool.submit(provider.run, story) for story in stories]
        try:
            for one in as_completed(running):
                outcomes.append(one.result())
                told(len(outcomes), len(stories))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes


class _Provider:
    """A stand-in for the telephony provider: asks, obeys the answer, then reports."""

    def __init__(self, client: httpx.Client, url: str, config: VapiConfig) -> None:
        self._client, self._url, self._config = client, url, config

    def run(self, story: Story) -> Outcome:
        """Let one call happen. Raises `NobodyAnswers`."""
        question = story.question(datetime.now(UTC))
        answer = self._post(question)
        if answer.status_code != httpx.codes.OK:
            return Outcome(story.call_id, problem=f"status {answer.status_code}")
        if story.is_doubled and self._post(question).content != answer.content:
            return Outcome(story.call_id, problem="two answers to one question")
        said = answer.json()
        statuses = [self._post(message).status_code for message in _told(story, said)]
        wrong = [f"status {status}" for status in statuses if status != httpx.codes.OK]
        return Outcome(
            story.call_id,
            is_admitted="error" not in said,
            refusal=said.get("error", ""),
            problem=", ".join(wrong),
        )

    def _post(self, message: Json) -> httpx.Response:
        body = json.dumps(message).encode()
        try:
            for pause in PAUSES_SECONDS:
                answer = self._client.post(
                    self._url, content=body, headers=self._signed(body)
                )
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return answer
                time.sleep(pause)
            return answer
        except httpx.ConnectError:
            raise NobodyAnswers(f"Nothing answers at {self._url}.") from None

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(round(time.time()))
        signature = hmac.new(
            self._config.secrets[0].encode(),
            timestamp.encode() + b"." + body,
            hashlib.sha256,
        ).hexdigest()
        return {
            "content-type": "application/json",
            self._config.timestamp_header: timestamp,
            self._config.signature_header: self._config.signature_prefix + signature,
        }


def _told(story: Story, said: Json) -> list[Json]:
    now = datetime.now(UTC)
    if "error" in said:
        return story.after_refusal(now)
    overrides = said["assistantOverrides"]
    return story.after_admission(
        now,
        seconds_max=overrides["maxDurationSeconds"],
        token=overrides["metadata"][TOKEN_KEY],
    )
