"""Thresholds that were crossed: once each, until a refill arms them again."""

from django.db import models

from accounts.models import Organization
from metering.balances.models import MONEY, BillingCycle
from servicebilling.lib.ids import new_id


class Notice(models.Model):
    """Something runs low or has run out. Written in the transaction that crossed the
    threshold; letters and webhooks are made from it."""

    class Kind(models.TextChoices):
        # Used share of plan and credit minutes has reached `threshold` percent.
        PERCENT_USED = "percent_used"
        # `threshold` minutes or fewer are left.
        MINUTES_LEFT = "minutes_left"
        # The wallet holds `threshold` or less.
        WALLET_LEFT = "wallet_left"
        # Nothing is left of what may be charged as overage.
        OVERAGE_LEFT = "overage_left"
        # Used share of a pay-as-you-go credit limit has reached `threshold` percent.
        POSTPAID_USED = "postpaid_used"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="notices")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Percent, minutes or an amount, by kind.
    threshold = models.DecimalField(**MONEY)
    # Nothing is left: 100 percent, no minutes, or an empty wallet.
    is_gone = models.BooleanField(default=False)
    # How it stood then.
    minutes_pool = models.IntegerField()
    minutes_left = models.IntegerField()
    # Of the minutes, or of the credit limit where it is about that.
    percent_used = models.IntegerField()
    wallet_balance = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    # Of the last refill before it (`refills`): the minutes there were in all and the last row
    # that gave some, or the wallet's last incoming row. A new one arms the threshold again.
    refill = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "notices"
        constraints = [
            models.UniqueConstraint(
                "organization",
                "cycle",
                "kind",
                "threshold",
                "refill",
                name="notice_once_per_threshold_cycle_and_refill",
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at", "-id"], name="notices_newest_first"
            ),
            models.Index(
                fields=["created_at"],
                condition=models.Q(is_gone=True),
                name="notices_of_all_gone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.threshold}"
