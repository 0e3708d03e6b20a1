"""Pages that no address alone leads to: errors, states of a payment, doors that are shut."""

from datetime import datetime, timedelta

from django.template.loader import render_to_string
from django.urls import reverse

from accounts import invitations
from accounts.models import Organization
from billing.models import Purchase, TopUp
from metering.balances import cycles
from tests.pages.samples import Cast

ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]
STANDINGS = ["past_due", "grace"]


def error_pages() -> dict[str, str]:
    """Return the text of each page of an error, by an address to show it at."""
    return {f"/shown/{name}": render_to_string(f"{name}.html") for name in ERRORS}


def payments(organization: Organization, *, now: datetime) -> list[str]:
    """Make a purchase and a top-up in every state, one of each waiting for long; return the
    addresses of the pages that wait for them."""
    address = reverse("website:billing-success")
    pending = Purchase.objects.get(organization=organization)
    top_up = TopUp.objects.get(organization=organization)
    found = []
    for state in Purchase.State.values:
        made = _another(pending, state=state, fulfilled_at=now, created_at=now)
        found.append(f"{address}?purchase={made.pk}")
    for state in TopUp.State.values:
        made = _another(top_up, state=state, closed_at=now, created_at=now)
        found.append(f"{address}?top_up={made.pk}")
    late = _another(
        pending, created_at=now - timedelta(hours=1), checkout_url="https://pay.example/1"
    )
    return [*found, f"{address}?purchase={late.pk}"]


def _another(row, **fields):
    made = type(row).objects.get(pk=row.pk)
    made.pk = None
    made._state.adding = True
    made.id = type(row)._meta.pk.get_default()
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return made


def invitation(cast: Cast, *, now: datetime) -> str:
    """Return the address of an open invitation to the first organization."""
    invited = invitations.invite(
        cast.organization,
        email="invited@example.com",
        role="accountant",
        invited_by=cast.people["owner"],
        now=now,
    )
    return reverse("website:invitation", kwargs={"token": invited.token})


def set_state(organization: Organization, state: str, *, now: datetime) -> None:
    """Put the organization into the state that its banner tells of."""
    is_suspended = state == "suspended"
    status = "suspended" if is_suspended else "active"
    Organization.objects.filter(pk=organization.pk).update(status=status)
    standing = state if state in STANDINGS else "good"
    cycles.set_standing(organization_id=organization.pk, standing=standing, now=now)
