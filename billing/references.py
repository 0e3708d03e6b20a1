"""Whose is a reference of ours that came back from a provider: the id of a row that was
written before anything was asked there."""

from uuid import UUID

from accounts.models import Organization
from billing.models import PlanCheckout, Purchase, TopUp


def organization_of(provider: str, reference: UUID) -> Organization | None:
    """Return who began the payment with that provider; None if nobody did."""
    for model in (TopUp, Purchase, PlanCheckout):
        row = (
            model._default_manager.filter(pk=reference, provider=provider)
            .select_related("organization")
            .first()
        )
        if row is not None:
            owner: Organization = row.organization
            return owner
    return None
