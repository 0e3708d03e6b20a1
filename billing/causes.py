"""What made the rows of the ledgers: the documents and uses that their references name."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from accounts.models import Organization
from billing.models import Document
from metering.models import UsageEvent


@dataclass(frozen=True, slots=True)
class Paper:
    """The document of a payment or refund; `kind` is invoice, receipt or credit_note."""

    id: UUID
    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Use:
    """One use of another meter than the minutes of calls."""

    id: UUID
    meter: str
    quantity: Decimal


def papers_of(organization: Organization, references: Iterable[str]) -> dict[str, Paper]:
    """Return the documents behind references, by reference; at most one statement."""
    named = {reference: _named(reference) for reference in references}
    ids = {which: [one for kind, one in named.values() if kind == which] for which in _OF}
    if not any(ids.values()):
        return {}
    asked = Q()
    for which, field in _OF.items():
        asked |= Q(**{f"{field}__in": ids[which]})
    rows = Document.objects.filter(asked, organization=organization)
    found: dict[tuple[str, str], Paper] = {}
    for row in rows.values("pk", "kind", "number", *_OF.values()):
        paper = Paper(row["pk"], row["kind"], row["number"])
        for which, field in _OF.items():
            if row[field] is not None:
                found[which, str(row[field])] = paper
    return {reference: found[name] for reference, name in named.items() if name in found}


def uses_of(organization: Organization, references: Iterable[str]) -> dict[str, Use]:
    """Return the uses of meters behind references, by reference; at most one statement."""
    ids = {
        part: reference
        for reference in references
        for kind, _, part in [reference.partition(":")]
        if kind == "usage" and _is_id(part)
    }
    if not ids:
        return {}
    rows = UsageEvent.objects.filter(organization=organization, pk__in=list(ids))
    return {ids[str(row.pk)]: Use(row.pk, row.meter, row.quantity) for row in rows}


# What a reference begins with, and the field of a document that it leads to.
_OF = {
    "purchase": "payment__purchase_id",
    "top_up": "payment__top_up_id",
    "grant": "payment_id",
    "refund": "refund__provider_id",
}


def _named(reference: str) -> tuple[str, str]:
    which, _, rest = reference.partition(":")
    if which == "refund":
        # `refund:<provider>:<id there>:<how many times>`
        return which, rest.partition(":")[2].rpartition(":")[0]
    return (which, rest) if which in _OF and _is_id(rest) else ("", "")


def _is_id(said: str) -> bool:
    try:
        return str(UUID(said)) == said
    except ValueError:
        return False
