"""Money that went back: refunds, those that staff asked for, and payments that a bank took
back."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from billing.models.purchases import Payment
from metering.balances.models import MONEY
from servicebilling.lib.ids import new_id
from servicebilling.lib.outbox import OutboxRowBase


class ReversalBase(models.Model):
    """Money of one payment that went back. What the payment had given is taken back in the
    same part, and returned if the money comes back after all."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=255)
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    # The money is away: what counts, whatever the provider calls the state.
    is_effective = models.BooleanField(default=False)
    # Taken back on account of this row, as it stands: minutes, and money of the wallet.
    minutes = models.PositiveIntegerField(default=0)
    wallet_amount = models.DecimalField(**MONEY, default=0)
    # How often it moved a ledger; part of the next reference.
    movements = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                "provider", "provider_id", name="%(class)s_counts_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="%(class)s_is_of_an_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.provider_id}"


class Refund(ReversalBase):
    class Status(models.TextChoices):
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="refunds", null=True, blank=True
    )
    status = models.CharField(max_length=20, choices=Status.choices)
    reason = models.CharField(max_length=300, blank=True)
    # Staff who asked for it here; empty for one made at the provider.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta(ReversalBase.Meta):
        db_table = "refunds"


class Dispute(ReversalBase):
    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="disputes", null=True, blank=True
    )
    # The provider's own word: `needs_response`, `warning_…` (no money moved), `won`, …
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=60, blank=True)

    class Meta(ReversalBase.Meta):
        db_table = "disputes"


class RefundOrder(OutboxRowBase):
    """A refund that staff asked for: written down first, then asked of the provider under a
    key that never changes, so that it is given once."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refund_orders")
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # What the provider made of it, once it has answered.
    refund = models.OneToOneField(
        Refund, models.PROTECT, related_name="order", null=True, blank=True
    )

    class Meta(OutboxRowBase.Meta):
        db_table = "refund_orders"
        constraints = [
            *OutboxRowBase.Meta.constraints,
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="refund_order_is_of_an_amount"
            ),
            models.CheckConstraint(
                condition=Q(state="delivered", refund__isnull=False)
                | (~Q(state="delivered") & Q(refund__isnull=True)),
                name="refund_order_given_is_a_refund",
            ),
        ]
