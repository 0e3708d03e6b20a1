"""A letter in its layout: as a mail program shows it, and as plain text."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from billing.letters import opting_out
from billing.letters.wording import Words
from billing.models import Letter


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    headers: dict[str, str]


def render(letter: Letter, *, path: str = "") -> Rendered:
    """Return a letter as it is posted. Its Message-ID is the same at each attempt, so a mail
    program can tell that a second copy is one. `path` is where the button leads if the letter does
    not keep it."""
    words = Words.from_json(letter.words)
    path = path or words.path
    unsubscribe = opting_out.url_of(letter)
    context = {
        "words": words,
        "url": urljoin(f"{settings.WEBSITE_URL}/", path) if path else "",
        "organization": letter.organization,
        "unsubscribe": unsubscribe,
        "website": settings.WEBSITE_URL,
    }
    host = urlsplit(settings.WEBSITE_URL).hostname or "localhost"
    headers = {
        "Message-ID": f"<{letter.key}@{host}>",
        "Auto-Submitted": "auto-generated",
    }
    if unsubscribe:
        headers["List-Unsubscribe"] = f"<{unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return Rendered(
        # A name with a line break in it must not begin another header.
        subject=" ".join(words.subject.split()),
        text=render_to_string("letters/letter.txt", context),
        html=render_to_string("letters/letter.html", context),
        headers=headers,
    )
