"""Letters that an organization was sent, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organization
from billing.models import Letter

LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class LetterLine:
    """`state` is waiting, delivered (a mail server took it) or refused (none ever did)."""

    id: int
    at: datetime
    kind: str
    subject: str
    address: str
    state: str
    delivered_at: datetime | None
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class LetterPage:
    lines: tuple[LetterLine, ...]
    # What `before` must be for the next page; None: this is the last one.
    next: int | None


def letters_of(
    organization: Organization,
    *,
    kinds: Collection[str] = (),
    before: int | None = None,
    limit: int = 20,
) -> LetterPage:
    """Return a page of letters, of some kinds or all, with one statement."""
    size = max(1, min(limit, LINES_MAX))
    rows = Letter.objects.filter(organization=organization)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    lines = tuple(
        LetterLine(
            id=row.pk,
            at=row.created_at,
            kind=row.kind,
            subject=row.words["subject"],
            address=row.address,
            state=row.state,
            delivered_at=row.delivered_at,
            is_withdrawn=row.error.startswith("Withdrawn"),
        )
        for row in found[:size]
    )
    return LetterPage(lines, lines[-1].id if len(found) > size else None)
