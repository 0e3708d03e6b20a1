"""What payment providers told us, as it was signed."""

from django.db import models

from accounts.models import Organization
from servicebilling.lib.inbox import InboundMessageBase


class PaymentEvent(InboundMessageBase):
    """One verified webhook of a payment provider; `external_id` is the provider's event id.

    The body is a hint of what to look at: what happened is fetched from the provider.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", null=True, blank=True
    )
    # The provider's version of the body's shape; it may differ from the one we speak.
    api_version = models.CharField(max_length=40, blank=True)

    class Meta(InboundMessageBase.Meta):
        db_table = "payment_events"
        indexes = [
            *InboundMessageBase.Meta.indexes,
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=["unmatched", "quarantined", "parked"]),
                name="payment_events_needing_a_look",
            ),
        ]
