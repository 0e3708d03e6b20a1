"""Mail that no server took because none is set: files in a folder, the newest first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from django.conf import settings

from accounts.models import AuditEntry
from billing.demo import logins

SHOWN_MAX = 50
FILE_BYTES_MAX = 1_000_000
# How Django's file backend ends each message.
_END = b"\n" + b"-" * 79 + b"\n"


@dataclass(frozen=True, slots=True)
class Caught:
    """One message as plain text; `at` is as it says itself."""

    subject: str
    to: str
    at: datetime | None
    text: str


def is_catching() -> bool:
    """Return whether mail goes to files instead of a server."""
    return settings.EMAIL_BACKEND.endswith("filebased.EmailBackend")


def is_open_to(user: Any) -> bool:
    """Return whether somebody may read it all: superusers, since whoever can may set
    anybody's password; and in the demo, where all passwords are public, who may edit people."""
    if user.is_superuser:
        return True
    return user.has_perm("accounts.change_user") and is_catching() and _holds_demo()


def _holds_demo() -> bool:
    return AuditEntry.objects.filter(action=logins.MADE).exists()


def newest() -> list[Caught]:
    """Return up to 50 messages; none where mail really goes out."""
    folder = Path(getattr(settings, "EMAIL_FILE_PATH", "")) if is_catching() else None
    if folder is None or not folder.is_dir():
        return []
    # The names begin with the moment.
    files = sorted(folder.glob("*.log"), reverse=True)
    found: list[Caught] = []
    for file in files[:SHOWN_MAX]:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX)
        parts = [part for part in content.split(_END) if part.strip()]
        found += [_read(part) for part in reversed(parts)]
        if len(found) >= SHOWN_MAX:
            break
    return found[:SHOWN_MAX]


def _read(content: bytes) -> Caught:
    message = cast(EmailMessage, message_from_bytes(content, policy=policy.default))
    body = message.get_body(preferencelist=("plain", "html"))
    date = message["Date"]
    return Caught(
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=_aware(date.datetime) if date is not None else None,
        text=body.get_content() if body is not None else "",
    )


def _aware(said: datetime) -> datetime:
    """A date that names no zone (`-0000`) is in UTC (RFC 5322)."""
    return said if said.tzinfo else said.replace(tzinfo=UTC)
