"""Writing a letter down, once: what says so is the database, whoever else tries."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from accounts.models import Organization
from billing.letters import recipients
from billing.letters.wording import Words
from billing.models import Letter
from servicebilling.lib.ids import new_id


def local_day(organization: Organization | None, *, now: datetime) -> date:
    """Return the date it is where the organization is; in UTC for staff."""
    return now.astimezone(ZoneInfo(organization.timezone if organization else "UTC")).date()


def write(
    kind: str,
    words: Words,
    *,
    organization: Organization | None,
    about: str,
    now: datetime,
    address: str = "",
    threshold: Decimal | None = None,
    cycle_id: UUID | None = None,
) -> bool:
    """Keep a letter for the worker to post; False if it was written before, or if nobody
    wants it.

    Without an `address` it goes to everybody who gets the organization's letters of this
    kind, a letter each.
    """
    addresses = [address] if address else []
    if organization is not None and not address:
        addresses = recipients.addresses_for(kind, organization)
    keys = {one: str(new_id()) for one in addresses}
    Letter.objects.bulk_create(
        [
            Letter(
                key=key,
                organization=organization,
                kind=kind,
                about=about,
                threshold=threshold,
                cycle_id=cycle_id,
                local_day=local_day(organization, now=now),
                address=to,
                words=words.as_json(),
                next_attempt_at=now,
                created_at=now,
            )
            for to, key in keys.items()
        ],
        ignore_conflicts=True,
    )
    return Letter.objects.filter(key__in=keys.values()).exists()


def place(name: str, organization: Organization) -> str:
    """Return the path of a page of the site about the organization."""
    return f"{reverse(name)}?organization={organization.slug}"
