"""What an organization used of meters other than calls, cycle by cycle, and what it asked to
use next. Written under the lock of its allowance, like every other balance."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from accounts.models import Organization
from metering.balances.models import MONEY, BillingCycle, RateCard
from servicebilling.lib.ids import new_id

QUANTITY: dict[str, Any] = {"max_digits": 20, "decimal_places": 6}


class CycleUsage(models.Model):
    """One meter in one cycle, by the card that rated it. Minutes of calls are on the cycle
    itself and on its charges.

    `price` is exactly the card's price of `charged_quantity`, so it does not depend on how
    usage was cut up.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="usages")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    meter = models.CharField(max_length=40)
    # Events, less those that were voided.
    count = models.IntegerField(default=0)
    quantity = models.DecimalField(**QUANTITY, default=0)
    # Of the quantity: beyond what the card includes.
    charged_quantity = models.DecimalField(**QUANTITY, default=0)
    price = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        db_table = "cycle_usage"
        constraints = [
            models.UniqueConstraint(
                "cycle", "meter", "rate_card", name="usage_once_per_cycle_meter_and_card"
            ),
            models.CheckConstraint(
                condition=Q(
                    count__gte=0, charged_quantity__gte=0, quantity__gte=0, price__gte=0
                ),
                name="cycle_usage_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(charged_quantity__lte=F("quantity")),
                name="charged_usage_was_used",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter}"


class UsageCharge(models.Model):
    """Usage beyond what an overage card includes. Metering writes it, billing delivers it; a
    negative row takes an earlier one back."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="+")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    meter = models.CharField(max_length=40)
    reference = models.CharField(max_length=300)
    quantity = models.DecimalField(**QUANTITY)
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "usage_charges"
        constraints = [
            models.UniqueConstraint(
                "organization", "reference", name="usage_charge_reference_once"
            )
        ]
        indexes = [models.Index(fields=["cycle"], name="usage_charges_by_cycle")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter}, {self.amount} {self.currency}"


class UsageHold(models.Model):
    """A quantity of one meter set aside until it was used, or let go."""

    class State(models.TextChoices):
        OPEN = "open"
        SETTLED = "settled"
        RELEASED = "released"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    # The asking system's own name for what it is about to do.
    reference = models.CharField(max_length=200)
    meter = models.CharField(max_length=40)
    quantity = models.DecimalField(**QUANTITY)
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    settled_quantity = models.DecimalField(**QUANTITY, null=True, blank=True)
    # Shadow mode let it through, though nothing could pay.
    would_refuse = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "usage_holds"
        constraints = [
            models.UniqueConstraint("organization", "reference", name="usage_hold_once"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0), name="usage_hold_holds_something"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization"], condition=Q(state="open"), name="open_usage_holds"
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(state="open"),
                name="open_usage_holds_by_expiry",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.quantity} {self.meter} {self.state}"
