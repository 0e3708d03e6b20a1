"""Where our books and a provider's differ: for staff to look at."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY


class Discrepancy(models.Model):
    """One difference. Found again it is the same row, until it is settled."""

    class Kind(models.TextChoices):
        MISSED_EVENT = "missed_event"
        ORPHAN_CHECKOUT = "orphan_checkout"
        PAID_NOT_CREDITED = "paid_not_credited"
        SUBSCRIPTION_DIFFERS = "subscription_differs"
        USAGE_DIFFERS = "usage_differs"
        USAGE_REFUSED = "usage_refused"
        USAGE_UNBILLED = "usage_unbilled"
        INVOICE_NOT_MADE = "invoice_not_made"
        PAID_FOR_NOTHING = "paid_for_nothing"

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", null=True, blank=True
    )
    kind = models.CharField(max_length=24, choices=Kind.choices)
    provider = models.CharField(max_length=20)
    # The id of the object at the provider, or what was compared.
    subject = models.CharField(max_length=255)
    ours = models.TextField(blank=True)
    theirs = models.TextField(blank=True)
    # Ours less theirs, where both are numbers.
    apart_by = models.DecimalField(**MONEY, null=True, blank=True)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    # How it ended: `mended` by itself, `gone` at the next look, or what staff say.
    settlement = models.CharField(max_length=300, blank=True)
    # Staff who accepted it; found again as it is, it opens no new row.
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        db_table = "discrepancies"
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(
                "provider",
                "kind",
                "subject",
                condition=Q(settled_at__isnull=True),
                name="one_open_discrepancy_per_subject",
            )
        ]
        indexes = [models.Index(fields=["-found_at"], name="discrepancies_newest_first")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
