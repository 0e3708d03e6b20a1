"""Writing a letter down, once: what says so is the database, whoever else tries."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from accounts.models import Organization
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
    """Keep a letter for the worker to post; False if it was written before.

    Without an `address` it goes to the organization's billing address.
    """
    if not address and organization is not None:
        address = organization.billing_email
    key = new_id()
    Letter.objects.bulk_create(
        [
            Letter(
                key=str(key),
                organization=organization,
                kind=kind,
                about=about,
                threshold=threshold,
                cycle_id=cycle_id,
                local_day=local_day(organization, now=now),
                address=address,
                words=words.as_json(),
                next_attempt_at=now,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    return Letter.objects.filter(key=str(key)).exists()


def place(name: str, organization: Organization) -> str:
    """Return the path of a page of the site about the organization."""
    return f"{reverse(name)}?organization={organization.slug}"
