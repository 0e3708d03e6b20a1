"""Filling a wallet: by hand on a provider's page, or by itself from a saved card."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Organization
from metering.balances.models import MONEY
from servicebilling.lib.ids import new_id


class TopUp(models.Model):
    """Money that somebody wants to put into a wallet. Written before the provider is called;
    its id, in our reference there, is the only thing that says whose payment it is."""

    class State(models.TextChoices):
        PENDING = "pending"
        CREDITED = "credited"
        EXPIRED = "expired"
        FAILED = "failed"
        # Paid, but less or in another currency: staff decide.
        MISMATCHED = "mismatched"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="top_ups")
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    provider = models.CharField(max_length=20)
    # The provider's checkout; empty until it answered, and for automatic ones.
    checkout_id = models.CharField(max_length=255, blank=True)
    checkout_url = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=False)
    # Why it failed, in the provider's words.
    failure = models.CharField(max_length=200, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "top_ups"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="top_up_adds_something"),
            models.UniqueConstraint(
                "organization",
                condition=Q(is_automatic=True, state="pending"),
                name="one_automatic_top_up_in_flight",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at"], name="top_ups_newest_first"
            ),
            models.Index(
                fields=["created_at"], condition=Q(state="pending"), name="top_ups_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.state})"


class AutoTopUp(models.Model):
    """An organization's standing order to fill its wallet from a saved card."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="auto_top_up"
    )
    is_on = models.BooleanField(default=False)
    # Of the free balance: what open calls may still cost does not count.
    threshold = models.DecimalField(**MONEY)
    amount = models.DecimalField(**MONEY)
    max_per_day = models.DecimalField(**MONEY)
    max_per_month = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    # The provider, and its name for the card; empty until one was saved by paying.
    provider = models.CharField(max_length=20, blank=True)
    card_token = models.CharField(max_length=255, blank=True)
    # What people may see of the card.
    card_label = models.CharField(max_length=60, blank=True)
    # Whom the token belongs to at the provider.
    card_email = models.EmailField(blank=True)
    declines_in_a_row = models.PositiveIntegerField(default=0)
    # Too many declines: nothing is charged until a person turns it on again.
    paused_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "auto_top_ups"
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gte=0, amount__gt=0),
                name="auto_top_up_adds_something",
            ),
            models.CheckConstraint(
                condition=Q(
                    max_per_day__gte=F("amount"), max_per_month__gte=F("max_per_day")
                ),
                name="auto_top_up_limits_allow_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} below {self.threshold}"


class AutoTopUpPause(models.Model):
    """An automatic top-up was declined too often. A letter is made from this row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    top_up = models.OneToOneField(TopUp, models.PROTECT, related_name="+")
    declines = models.PositiveIntegerField()
    card_label = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    # Empty until the letter is in the post.
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "auto_top_up_pauses"
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(told_at__isnull=True),
                name="auto_top_up_pauses_to_tell",
            )
        ]

    def __str__(self) -> str:
        return f"paused after {self.declines} declines"
