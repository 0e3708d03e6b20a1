"""What letters say: words, a few figures, and one button. Pure."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """A letter without its layout. `path` is where the button leads on the site, or a full
    address at a payment provider; empty for a letter without a button."""

    subject: str
    heading: str
    paragraphs: tuple[str, ...]
    # Label and value, as they stand side by side.
    figures: tuple[tuple[str, str], ...] = ()
    button: str = ""
    path: str = ""
    tone: str = "note"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Words":
        listed = kept | {
            "paragraphs": tuple(kept["paragraphs"]),
            "figures": tuple((label, value) for label, value in kept["figures"]),
        }
        return cls(**listed)


def minutes(count: int) -> str:
    return f"{count:,} minute" if count == 1 else f"{count:,} minutes"
