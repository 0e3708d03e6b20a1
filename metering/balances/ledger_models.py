"""The append-only books. A correction is a new row; the database refuses anything else."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY, BillingCycle, RateCard


class Kind(models.TextChoices):
    USAGE = "usage"
    PURCHASE = "purchase"
    MONTHLY_GRANT = "monthly_grant"
    BONUS = "bonus"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    DISPUTE = "dispute"
    CYCLE_CLOSE = "cycle_close"
    TOP_UP = "top_up"
    OPENING_BALANCE = "opening_balance"


class LedgerRow(models.Model):
    """What the minute ledger and the wallet ledger have in common."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # Names the business fact, so the same fact cannot be posted twice.
    reference = models.CharField(max_length=300)
    cycle = models.ForeignKey(
        BillingCycle, models.PROTECT, related_name="+", null=True, blank=True
    )
    rate_card = models.ForeignKey(
        RateCard, models.PROTECT, related_name="+", null=True, blank=True
    )
    # No foreign key: calls may be partitioned by month one day.
    call_id = models.UUIDField(null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class MinuteTransaction(LedgerRow):
    """One movement of the minute counters.

    `used_after` is the cycle's counter after this row (0 after a `cycle_close`),
    `credit_after` the organization's. `charged_change` are the minutes of `used_change`
    that were paid otherwise, for `amount` in `currency`.
    """

    used_change = models.IntegerField(default=0)
    credit_change = models.IntegerField(default=0)
    charged_change = models.IntegerField(default=0)
    amount = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)
    used_after = models.IntegerField()
    credit_after = models.IntegerField()

    class Meta:
        db_table = "minute_transactions"
        constraints = [
            models.UniqueConstraint(
                "organization", "reference", name="minute_reference_once"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="minutes_newest_first"),
            models.Index(
                fields=["organization", "created_at", "id"],
                condition=~Q(kind="usage"),
                name="minutes_moved_without_calls",
            ),
            models.Index(fields=["cycle"], name="minutes_by_cycle"),
            models.Index(
                fields=["call_id"],
                condition=Q(call_id__isnull=False),
                name="minutes_by_call",
            ),
        ]


class Wallet(models.Model):
    """Prepaid money of one organization, in its currency."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="wallet"
    )
    balance = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        db_table = "wallets"

    def __str__(self) -> str:
        return f"{self.balance} {self.currency}"


class WalletTransaction(LedgerRow):
    amount = models.DecimalField(**MONEY)
    balance_after = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)

    class Meta:
        db_table = "wallet_transactions"
        constraints = [
            models.UniqueConstraint(
                "organization", "reference", name="wallet_reference_once"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="wallet_amount_not_zero"),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="wallet_newest_first"),
            models.Index(
                fields=["organization", "-created_at", "-id"], name="wallet_by_time"
            ),
            models.Index(
                fields=["organization", "created_at", "id"],
                condition=~Q(kind="usage"),
                name="wallet_moved_without_usage",
            ),
            models.Index(
                fields=["call_id"],
                condition=Q(call_id__isnull=False),
                name="wallet_by_call",
            ),
        ]


class OverageCharge(models.Model):
    """Minutes beyond the pools on an overage card. Metering writes them, billing delivers
    them; a negative row takes an earlier one back."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="+")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    call_id = models.UUIDField(null=True, blank=True)
    reference = models.CharField(max_length=300)
    minutes = models.IntegerField()
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "overage_charges"
        constraints = [
            models.UniqueConstraint(
                "organization", "reference", name="overage_reference_once"
            )
        ]
        indexes = [models.Index(fields=["cycle"], name="overage_by_cycle")]

    def __str__(self) -> str:
        return f"{self.minutes} min, {self.amount} {self.currency}"
