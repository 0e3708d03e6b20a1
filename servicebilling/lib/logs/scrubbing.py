"""Takes out of a text what a log must not hold: numbers, addresses, keys, rows.

A second net. The first is that nobody logs them; but a driver quotes the row that broke a
constraint, and a library the URL that did not answer.
"""

import re
from collections.abc import Iterable

_KEYS = r"\b(?:sk|rk|pk|whsec|FLWSECK|FLWPUBK)[_-][A-Za-z0-9_-]{6,}"
_RULES = (
    # PostgreSQL quotes values behind these words.
    (re.compile(r"(DETAIL|CONTEXT): .*"), r"\1: [row]"),
    (re.compile(_KEYS), "[key]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 [key]"),
    (re.compile(r"(?i)(://)[^/\s:@]*:[^/\s@]+@"), r"\1[key]@"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    # As phones are written: after a plus sign, with or without spaces and dashes.
    (re.compile(r"\+\d(?:[ ().-]{0,2}\d){6,14}"), "[number]"),
    # Or as digits alone; ids of ours hold letters, and moments hold dashes.
    (re.compile(r"(?<![\w.:-])\d{10,15}(?![\w:-])"), "[number]"),
)
SECRET_LENGTH_MIN = 8
# Words and ids, as most facts are: none of the rules can find anything in them, and looking
# would cost more than the rest of a line.
_HARMLESS = re.compile(
    r"[a-z_]{1,40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}"
)


class Scrubber:
    """Rules, and the secrets of this site by their very text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {one for one in secrets if len(one) >= SECRET_LENGTH_MIN}
        self._known = known
        longest_first = sorted(known, key=len, reverse=True)
        self._secrets = (
            re.compile("|".join(map(re.escape, longest_first))) if known else None
        )

    def clean(self, text: str) -> str:
        """Return the text with everything of that kind replaced by a word in brackets."""
        if _HARMLESS.fullmatch(text) and text not in self._known:
            return text
        if self._secrets is not None:
            text = self._secrets.sub("[secret]", text)
        for rule, instead in _RULES:
            text = rule.sub(instead, text)
        return text
