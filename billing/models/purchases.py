"""One-off purchases and the payments that providers confirmed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from billing.models.catalog import MinuteBundle
from metering.balances.models import MONEY
from servicebilling.lib.ids import new_id


def _exactly_one(*fields: str) -> Q:
    """Return the condition that one of these references is set, and no other."""
    condition = Q()
    for chosen in fields:
        condition |= Q(**{f"{field}__isnull": field != chosen for field in fields})
    return condition


class Purchase(models.Model):
    """Minutes that somebody wants to buy. What is paid is what is copied here at the start:
    later changes of the markup or the bundle do not touch it."""

    class State(models.TextChoices):
        PENDING = "pending"
        FULFILLED = "fulfilled"
        EXPIRED = "expired"
        FAILED = "failed"
        # Paid, but not what was asked for: staff decide.
        MISMATCHED = "mismatched"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="purchases")
    bundle = models.ForeignKey(MinuteBundle, models.PROTECT, related_name="+")
    minutes = models.PositiveIntegerField()
    base_minute_cost = models.DecimalField(**MONEY)
    markup_percent = models.DecimalField(max_digits=7, decimal_places=4)
    price = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    provider = models.CharField(max_length=20)
    # The provider's checkout; empty until it answered.
    checkout_id = models.CharField(max_length=255, blank=True)
    checkout_url = models.TextField(blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()
    fulfilled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "purchases"
        constraints = [
            models.UniqueConstraint(
                "provider",
                "checkout_id",
                condition=~Q(checkout_id=""),
                name="purchase_checkout_once",
            ),
            models.CheckConstraint(
                condition=Q(price__gt=0, minutes__gt=0), name="purchase_buys_something"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at"], name="purchases_newest_first"
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state="pending"),
                name="purchases_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.minutes} minutes for {self.price} {self.currency}"


class Payment(models.Model):
    """Money that a provider says it has taken: of a purchase, a top-up, a subscription's
    period, or an invoice of what was used."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=20)
    # The payment at the provider; an invoice's id for a period.
    provider_payment_id = models.CharField(max_length=255)
    purchase = models.OneToOneField(
        Purchase, models.PROTECT, related_name="payment", null=True, blank=True
    )
    top_up = models.OneToOneField(
        "billing.TopUp", models.PROTECT, related_name="payment", null=True, blank=True
    )
    subscription = models.ForeignKey(
        "billing.Subscription",
        models.PROTECT,
        related_name="payments",
        null=True,
        blank=True,
    )
    # Of a period: the plan as it was then. The subscription's may be changed later.
    plan = models.ForeignKey(
        "billing.Plan", models.PROTECT, related_name="+", null=True, blank=True
    )
    # Of usage, or of a change of plan in mid-period.
    invoice = models.ForeignKey(
        "billing.Document",
        models.PROTECT,
        related_name="payments",
        null=True,
        blank=True,
    )
    period_starts_at = models.DateTimeField(null=True, blank=True)
    period_ends_at = models.DateTimeField(null=True, blank=True)
    # Of a purchase without tax, of an invoice with it; `tax` came on top of a purchase.
    amount = models.DecimalField(**MONEY)
    tax = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)
    paid_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "payments"
        constraints = [
            models.UniqueConstraint(
                "provider", "provider_payment_id", name="payment_counts_once"
            ),
            models.UniqueConstraint(
                "subscription",
                "period_starts_at",
                condition=Q(subscription__isnull=False),
                name="period_is_paid_once",
            ),
            models.CheckConstraint(
                condition=_exactly_one("purchase", "subscription", "top_up", "invoice"),
                name="payment_is_for_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-paid_at"], name="payments_newest_first"),
            models.Index(fields=["paid_at"], name="payments_by_time"),
        ]
        permissions = [
            (
                "move_money",
                "Can refund payments, settle invoices, overage and differences",
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} on {self.paid_at:%Y-%m-%d}"
