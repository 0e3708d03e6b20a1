"""When a wallet should be filled again: what billing asks to be told, and what the gate tells.

Money is charged by billing's worker. The gate writes a row and never waits for anybody.
"""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY


class TopUpThreshold(models.Model):
    """Pushed by billing: the free balance below which an organization wants its wallet
    filled. No row: it does not want that."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="+"
    )
    amount = models.DecimalField(**MONEY)

    class Meta:
        db_table = "top_up_thresholds"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0), name="top_up_threshold_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"below {self.amount}"


class TopUpDue(models.Model):
    """A hold took the free balance under the threshold, or a call was refused for the
    balance. One is open per organization at a time; billing closes it with what it did."""

    class Reason(models.TextChoices):
        BELOW_THRESHOLD = "below_threshold"
        REFUSED = "refused"

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, choices=Reason.choices)
    # The call that was decided on, or the reference of another meter's hold, and how the
    # money stood then.
    provider_call_id = models.CharField(max_length=200)
    balance = models.DecimalField(**MONEY)
    free_balance = models.DecimalField(**MONEY)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "top_ups_due"
        constraints = [
            models.UniqueConstraint(
                "organization",
                condition=Q(closed_at__isnull=True),
                name="one_open_top_up_due_per_organization",
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(closed_at__isnull=True),
                name="top_ups_due_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason} at {self.free_balance}"
