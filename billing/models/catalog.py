"""What is sold: plans and bundles of minutes."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from metering.balances.models import MONEY
from metering.models import RateCard


class Plan(models.Model):
    """A tariff. Its terms are its rate card; a change gives it a new card, and whoever has
    subscribed keeps the old one."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    # Empty: not sold by this period.
    price_monthly = models.DecimalField(**MONEY, null=True, blank=True)
    price_yearly = models.DecimalField(**MONEY, null=True, blank=True)
    # Once, with the first subscription.
    setup_fee = models.DecimalField(**MONEY, default=0)
    trial_days = models.PositiveIntegerField(default=0)
    # What the first month of a trial includes; 0: what the plan does.
    trial_minutes = models.PositiveIntegerField(default=0)
    # Put into the wallet with each monthly payment.
    monthly_wallet_grant = models.DecimalField(**MONEY, default=0)
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="plans")
    # `{"stripe": {"product": …, "monthly": …, "yearly": …}, …}`
    provider_ids = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)
    # Shown on the pricing page.
    is_public = models.BooleanField(default=True)
    order = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "billing_plans"
        permissions = [("edit_catalogue", "Can change plans and bundles")]
        ordering = ["order", "code"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(price_monthly__isnull=True) | Q(price_monthly__gte=0))
                & (Q(price_yearly__isnull=True) | Q(price_yearly__gte=0))
                & Q(setup_fee__gte=0, monthly_wallet_grant__gte=0),
                name="plan_prices_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanVersion(models.Model):
    """The terms that a plan was sold on from a moment on; the newest is what the plan says."""

    # What a version keeps of its plan, besides the card.
    TERMS = (
        "name",
        "price_monthly",
        "price_yearly",
        "setup_fee",
        "trial_days",
        "trial_minutes",
        "monthly_wallet_grant",
    )

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    price_monthly = models.DecimalField(**MONEY, null=True, blank=True)
    price_yearly = models.DecimalField(**MONEY, null=True, blank=True)
    setup_fee = models.DecimalField(**MONEY, default=0)
    trial_days = models.PositiveIntegerField(default=0)
    trial_minutes = models.PositiveIntegerField(default=0)
    monthly_wallet_grant = models.DecimalField(**MONEY, default=0)
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    # What providers called its prices when it was replaced: who was paying one then began
    # with these terms.
    provider_ids = models.JSONField(default=dict, blank=True)
    # Else staff wrote it, and loading the shipped catalogue leaves it alone.
    is_shipped = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        db_table = "plan_versions"
        ordering = ["plan", "-number"]
        constraints = [models.UniqueConstraint("plan", "number", name="plan_version_once")]

    def __str__(self) -> str:
        return f"{self.plan} {self.number}"


class MinuteBundle(models.Model):
    """Minutes sold at once; the price follows from the base cost and the markup of the day."""

    code = models.SlugField(max_length=60, unique=True)
    minutes = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    is_active = models.BooleanField(default=True)
    order = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "minute_bundles"
        ordering = ["order", "minutes"]
        constraints = [
            models.UniqueConstraint("minutes", "currency", name="bundle_once_per_currency"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="bundle_has_minutes"),
        ]

    def __str__(self) -> str:
        return f"{self.minutes} minutes"
