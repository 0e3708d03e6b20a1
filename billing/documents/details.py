"""For whom documents are: name, address and tax id of an organization."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts import audit, organizations
from accounts.audit import Actor
from accounts.models import Organization
from billing.models import BillingDetails


@dataclass(frozen=True, slots=True)
class Details:
    """What stands on documents; everything but the name may be empty."""

    name: str
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    tax_id_type: str = ""
    tax_id: str = ""

    @property
    def address(self) -> list[str]:
        """The lines of the address as they are printed."""
        place = f"{self.postal_code} {self.city}".strip()
        lines = (self.line1, self.line2, place, self.region, self.country)
        return [line for line in lines if line]


def of(organization: Organization) -> Details:
    """Return the details as they are now; before anything was entered, the name alone."""
    row = BillingDetails.objects.filter(organization=organization).first()
    if row is None:
        return Details(name=organization.name)
    return Details(**{field: getattr(row, field) for field in Details.__dataclass_fields__})


@transaction.atomic
def change(
    organization: Organization,
    details: Details,
    *,
    email: str = "",
    actor: Actor,
    now: datetime,
) -> None:
    """Replace the details, and where bills go if an address is given; documents that were
    issued keep theirs. The worker tells the provider.

    Raises `InvalidDetail` for an address that is none.
    """
    if email:
        locked = organizations.lock(organization)
        organizations.describe(
            locked,
            name=locked.name,
            billing_email=email,
            timezone=locked.timezone,
            actor=actor,
            now=now,
        )
    BillingDetails.objects.update_or_create(
        organization=organization, defaults=asdict(details) | {"updated_at": now}
    )
    audit.record(
        organization=organization, actor=actor, action="billing_details.changed", now=now
    )


def copied(organization: Organization) -> dict[str, object]:
    """Return the customer's part of a document."""
    details = of(organization)
    return {
        "name": details.name,
        "address": details.address,
        "email": organization.billing_email,
        "tax_id": details.tax_id,
    }


def seller() -> dict[str, object]:
    """Return the seller's part of a document, as the settings say."""
    return {
        "name": settings.SELLER_NAME,
        "address": list(settings.SELLER_ADDRESS),
        "tax_id": settings.SELLER_TAX_ID,
    }
