"""Subscriptions as the provider tells of them: ids, status and the periods of their items."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from billing.models.catalog import Plan
from metering.balances.models import MONEY
from metering.models import RateCard
from servicebilling.lib.ids import new_id


class SubscriptionStatus(models.TextChoices):
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"


# Its plan is in force; `past_due` within the grace that follows a failed renewal.
SERVED = (
    SubscriptionStatus.TRIALING,
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PAST_DUE,
)
# No second subscription beside one of these.
LIVING = (*SERVED, SubscriptionStatus.UNPAID, SubscriptionStatus.PAUSED)
# Nothing brings it back.
ENDED = (SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED)


class Subscription(models.Model):
    """Keeps the card and the price that it began with, until its plan is changed."""

    class BillingPeriod(models.TextChoices):
        MONTHLY = "monthly"
        YEARLY = "yearly"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="subscriptions"
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    price = models.DecimalField(**MONEY)
    # Put into the wallet with each payment.
    monthly_wallet_grant = models.DecimalField(**MONEY, default=0, db_default=0)
    currency = models.CharField(max_length=3)
    billing_period = models.CharField(max_length=10, choices=BillingPeriod.choices)
    provider = models.CharField(max_length=20)
    provider_subscription_id = models.CharField(max_length=255)
    # Where the provider knows the customer by an address, for the subscription's life.
    customer_email = models.EmailField(blank=True)
    status = models.CharField(max_length=20, choices=SubscriptionStatus.choices)
    # Of the flat item; each item has its own.
    period_starts_at = models.DateTimeField(null=True, blank=True)
    period_ends_at = models.DateTimeField(null=True, blank=True)
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    # What takes over at the period's end; the plan may be the same, paid by another period.
    next_plan = models.ForeignKey(
        Plan, models.PROTECT, related_name="+", null=True, blank=True
    )
    next_billing_period = models.CharField(
        max_length=10, choices=BillingPeriod.choices, blank=True
    )
    cancel_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # When it was seen which overage its last invoices left out; only of one that has ended.
    overage_settled_at = models.DateTimeField(null=True, blank=True)
    # Since when its renewal has failed; the grace counts from here.
    past_due_since = models.DateTimeField(null=True, blank=True)
    # Where the customer confirms a payment that the bank asks about.
    action_url = models.TextField(blank=True)
    # Counts the snapshots applied, so that one fetched before another cannot undo it.
    generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "subscriptions"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                "provider", "provider_subscription_id", name="subscription_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization"],
                condition=~Q(status__in=["canceled", "incomplete_expired"]),
                name="subscriptions_living",
            ),
            models.Index(
                fields=["ended_at"],
                condition=Q(overage_settled_at__isnull=True, ended_at__isnull=False),
                name="subscriptions_to_settle",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: {self.plan} ({self.status})"


class SubscriptionItem(models.Model):
    """A line of a subscription. Yearly plans carry a monthly item for overage."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="items")
    provider_item_id = models.CharField(max_length=255)
    provider_price_id = models.CharField(max_length=255)
    is_metered = models.BooleanField(default=False)
    period_starts_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()

    class Meta:
        db_table = "subscription_items"
        constraints = [
            models.UniqueConstraint(
                "subscription", "provider_item_id", name="subscription_item_once"
            )
        ]

    def __str__(self) -> str:
        return self.provider_item_id
