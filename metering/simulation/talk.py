"""How one invented call goes: how long, how it ends, what the provider takes for it. Pure."""

import math
from dataclasses import dataclass, replace
from random import Random

MEDIAN_SECONDS = 80
# Of the logarithm: one call in twenty lasts longer than four and a half minutes.
SPREAD = 0.75
SHORTEST_MILLISECONDS = 2_500
CUT_OFF = "exceeded-max-duration"

# Provider's prices in USD a minute, near those of a call with common models.
_PER_MINUTE = {"vapi": 0.05, "stt": 0.0116, "llm": 0.0004, "tts": 0.0058}
_ENDINGS = {
    "customer-ended-call": 68,
    "assistant-ended-call": 21,
    "assistant-said-end-call-phrase": 5,
    "silence-timed-out": 4,
    "assistant-forwarded-call": 2,
}
_UNANSWERED = {
    "inbound": {"customer-ended-call": 9, "twilio-failed-to-connect-call": 1},
    "outbound": {"customer-did-not-answer": 37, "customer-busy": 13},
    "web": {"call.start.error-get-transport": 1},
}


@dataclass(frozen=True, slots=True)
class Talk:
    """What became of a call. `milliseconds` None: it was never answered."""

    milliseconds: int | None
    ended_reason: str

    @property
    def is_answered(self) -> bool:
        return self.milliseconds is not None

    def capped(self, seconds_max: int) -> "Talk":
        """The same call if the provider cuts it off at `seconds_max`.

        Its timer starts with the first audio, so a capped call ends a little late.
        """
        if self.milliseconds is None or self.milliseconds <= 1000 * seconds_max:
            return self
        return replace(self, milliseconds=1000 * seconds_max + 400, ended_reason=CUT_OFF)


# The caller heard our sentence and no more.
REFUSED = Talk(None, "assistant-request-returned-error")


def answered(rng: Random) -> Talk:
    """Draw a call that somebody answered; most are short, a few are long."""
    seconds = rng.lognormvariate(math.log(MEDIAN_SECONDS), SPREAD)
    return Talk(max(SHORTEST_MILLISECONDS, round(1000 * seconds)), _drawn(rng, _ENDINGS))


def unanswered(rng: Random, *, direction: str) -> Talk:
    """Draw a call that never came about."""
    return Talk(None, _drawn(rng, _UNANSWERED[direction]))


def cost_parts(milliseconds: int | None) -> dict[str, float]:
    """What the provider charges for a call, by part and in total, in USD to the fourth
    place: floats, because that is how it writes them."""
    minutes = (milliseconds or 0) / 60_000
    parts = {name: round(price * minutes, 4) for name, price in _PER_MINUTE.items()}
    return parts | {"transport": 0, "total": round(sum(parts.values()), 4)}


def _drawn(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]
