"""A plan on its way to being subscribed to, at providers that do not keep our names for it."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from billing.models.catalog import Plan
from metering.balances.models import MONEY
from servicebilling.lib.ids import new_id


class PlanCheckout(models.Model):
    """What the first payment of a subscription must be. Written before the provider is
    called; its id, in our reference there, says whose payment it is."""

    class State(models.TextChoices):
        PENDING = "pending"
        PAID = "paid"
        EXPIRED = "expired"
        FAILED = "failed"
        # Paid, but less or in another currency: staff decide.
        MISMATCHED = "mismatched"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="plan_checkouts"
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")
    billing_period = models.CharField(max_length=10)
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    provider = models.CharField(max_length=20)
    # The customer's address there; a subscription belongs to it for life.
    email = models.EmailField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    checkout_url = models.TextField(blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "plan_checkouts"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="plan_checkout_costs")
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at"], name="plan_checkouts_newest"
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state="pending"),
                name="plan_checkouts_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} for {self.amount} {self.currency}"
