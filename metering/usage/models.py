"""Usage of every meter: the events, and the daily roll-up that makes reading them cheap."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY, BillingCycle, RateCard
from metering.balances.usage_models import QUANTITY
from metering.calls.models import Agent, PhoneNumber
from servicebilling.lib.ids import new_id


def empty_hours() -> list[int]:
    return [0] * 24


class UsageEvent(models.Model):
    """One use of one meter. Append-only: a void or correction is a row of its own, with the
    difference that it makes."""

    class Kind(models.TextChoices):
        USAGE = "usage"
        CORRECTION = "correction"
        VOID = "void"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    meter = models.CharField(max_length=40)
    direction = models.CharField(max_length=10, blank=True, default="")
    kind = models.CharField(
        max_length=10, choices=Kind.choices, default=Kind.USAGE, db_default=Kind.USAGE
    )
    # The first row of what this one corrects or voids.
    corrects = models.ForeignKey(
        "self", models.PROTECT, related_name="corrections", null=True, blank=True
    )
    quantity = models.DecimalField(**QUANTITY)
    # Of the quantity: beyond what the card includes. Empty on events of calls.
    charged_quantity = models.DecimalField(**QUANTITY, null=True, blank=True)
    # Computed from something else, such as the size of a recording.
    is_estimated = models.BooleanField(default=False, db_default=False)
    rate_card = models.ForeignKey(
        RateCard, models.PROTECT, related_name="+", null=True, blank=True
    )
    unit_price = models.DecimalField(**MONEY, null=True, blank=True)
    total = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)
    idempotency_key = models.CharField(max_length=300)
    metadata = models.JSONField(default=dict, blank=True)
    cycle = models.ForeignKey(
        BillingCycle, models.PROTECT, related_name="+", null=True, blank=True
    )
    call_id = models.UUIDField(null=True, blank=True)
    occurred_at = models.DateTimeField()
    processed_at = models.DateTimeField()

    class Meta:
        db_table = "usage_events"
        constraints = [
            models.UniqueConstraint(
                "organization", "idempotency_key", name="usage_event_once"
            ),
            models.UniqueConstraint(
                "corrects", condition=Q(kind="void"), name="usage_event_voided_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="usage", corrects__isnull=True)
                | (~Q(kind="usage") & Q(corrects__isnull=False)),
                name="corrections_say_what_they_correct",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-occurred_at", "-id"], name="usage_newest_first"
            ),
            models.Index(
                fields=["organization", "occurred_at"],
                condition=Q(metadata__has_key="would_refuse"),
                name="usage_let_through",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.meter}"


class DailyUsage(models.Model):
    """Sums of one local day, written in the transaction that charges."""

    id = models.BigAutoField(primary_key=True)
    # The constraint below leads with it.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", db_index=False
    )
    # The day in the organization's time zone as it was then.
    day = models.DateField()
    meter = models.CharField(max_length=40)
    agent = models.ForeignKey(
        Agent, models.PROTECT, related_name="+", null=True, blank=True
    )
    phone_number = models.ForeignKey(
        PhoneNumber, models.PROTECT, related_name="+", null=True, blank=True
    )
    count = models.IntegerField(default=0)
    quantity = models.DecimalField(**QUANTITY, default=0)
    talk_seconds = models.BigIntegerField(default=0)
    # How many began in each local hour.
    hours = ArrayField(models.IntegerField(), default=empty_hours, size=24)
    cost = models.DecimalField(**MONEY, default=0)
    price = models.DecimalField(**MONEY, default=0)

    class Meta:
        db_table = "daily_usage"
        constraints = [
            models.UniqueConstraint(
                "organization",
                "day",
                "meter",
                "agent",
                "phone_number",
                name="daily_usage_once",
                nulls_distinct=False,
            )
        ]
        # For sums over all organizations.
        indexes = [models.Index(fields=["day"], name="daily_usage_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.meter}"
