"""Parts of URLs that vary and are neither numbers nor words."""

from datetime import date


class Month:
    """A calendar month as 2026-03; the view gets its first day."""

    regex = r"20[0-9]{2}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(f"{value}-01")

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else f"{value:%Y-%m}"
