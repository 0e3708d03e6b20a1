"""What an organization may still use, what it has used, and the ledgers that prove it.

Only `metering.balances.ledger` and the database function `gate_admit` write these rows.
"""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from servicebilling.lib.ids import new_id

MONEY: dict[str, Any] = {"max_digits": 18, "decimal_places": 6}


class WhenExhausted(models.TextChoices):
    """What pays for a minute once plan and credit minutes are gone."""

    CUT_OFF = "cut_off"
    OVERAGE = "overage"
    WALLET = "wallet"
    POSTPAID = "postpaid"


class RateCard(models.Model):
    """The terms of a plan. Immutable: editing a plan makes a new card, so whoever began
    with the old one keeps it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=80, unique=True)
    included_minutes = models.PositiveIntegerField(default=0)
    when_exhausted = models.CharField(max_length=10, choices=WhenExhausted.choices)
    overage_limit_minutes = models.PositiveIntegerField(null=True, blank=True)
    postpaid_limit_amount = models.DecimalField(**MONEY, null=True, blank=True)
    grace_minutes = models.PositiveIntegerField(default=0)
    # Vapi may refuse calls capped at 900 s and more.
    call_minutes_max = models.PositiveIntegerField(default=14)
    # The least grant that is of use; not a cap.
    slice_minutes = models.PositiveIntegerField(default=3)
    calls_at_once_max = models.PositiveIntegerField(default=20)
    increment_first_seconds = models.PositiveIntegerField(default=60)
    increment_step_seconds = models.PositiveIntegerField(default=60)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "rate_cards"
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(when_exhausted="overage")
                | Q(
                    overage_limit_minutes__isnull=False,
                    increment_first_seconds=60,
                    increment_step_seconds=60,
                ),
                name="overage_is_limited_and_by_the_minute",
            ),
            models.CheckConstraint(
                condition=~Q(when_exhausted="postpaid")
                | Q(postpaid_limit_amount__isnull=False),
                name="postpaid_has_a_credit_limit",
            ),
            models.CheckConstraint(
                condition=Q(
                    increment_first_seconds__gte=1,
                    increment_step_seconds__gte=1,
                    call_minutes_max__gte=1,
                    slice_minutes__gte=1,
                    calls_at_once_max__gte=1,
                ),
                name="rate_card_limits_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Rate(models.Model):
    """The price of one meter on a card: a unit price, or graduated tiers
    `[{"up_to": 500, "unit_price": "0.06"}, …, {"up_to": null, "unit_price": "0.02"}]`."""

    class Meter(models.TextChoices):
        VOICE_MINUTE = "voice_minute"
        API_CALL = "api_call"
        AI_QUERY = "ai_query"
        STORAGE_MB = "storage_mb"
        PHONE_NUMBER_MONTH = "phone_number_month"
        # Minutes that another system measured or estimated; never those of calls.
        REPORTED_MINUTE = "reported_minute"

    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="rates")
    meter = models.CharField(max_length=40, choices=Meter.choices)
    # Voice has one price for all directions: tiers and holds count minutes together.
    direction = models.CharField(max_length=10, blank=True, default="")
    included_quantity = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True
    )
    # Empty: a soft quota, what goes beyond `included_quantity` is charged.
    quota_limit = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True
    )
    unit_price = models.DecimalField(**MONEY, null=True, blank=True)
    tiers = models.JSONField(null=True, blank=True)

    class Meta:
        db_table = "rates"
        ordering = ["rate_card", "meter", "direction"]
        constraints = [
            models.UniqueConstraint(
                "rate_card", "meter", "direction", name="rate_once_per_meter_and_direction"
            ),
            models.CheckConstraint(
                condition=Q(unit_price__isnull=False, tiers__isnull=True)
                | Q(unit_price__isnull=True, tiers__isnull=False),
                name="rate_is_flat_or_tiered",
            ),
            models.CheckConstraint(
                condition=Q(unit_price__isnull=True) | Q(unit_price__gte=0),
                name="unit_price_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(meter="voice_minute") | Q(direction=""),
                name="voice_has_one_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate_card}: {self.meter}"


class BillingCycle(models.Model):
    """One month of an organization, `[starts_at, ends_at)`, with its totals."""

    class State(models.TextChoices):
        ACTIVE = "active"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="cycles")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    included_minutes = models.IntegerField(default=0)
    minutes_used = models.IntegerField(default=0)
    # Of minutes_used: charged as overage, to the wallet or to the postpaid invoice.
    overage_minutes = models.IntegerField(default=0)
    # After closing: minutes taken from the credit (negative change of credit_minutes) and
    # debt that unused plan minutes repaid.
    credit_taken_minutes = models.IntegerField(default=0)
    debt_repaid_minutes = models.IntegerField(default=0)
    # After closing: what open holds of this cycle claim beyond its unused plan minutes.
    minutes_held = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    # Billing vouched for it; an unpaid cycle has 0 included minutes and cuts off.
    is_paid = models.BooleanField(default=True)
    invoice_reference = models.CharField(max_length=255, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "billing_cycles"
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(
                "organization",
                condition=Q(state="active"),
                name="one_active_cycle_per_organization",
            ),
            models.UniqueConstraint("organization", "starts_at", name="cycle_starts_once"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")),
                name="cycle_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(
                    minutes_used__gte=0,
                    overage_minutes__gte=0,
                    included_minutes__gte=0,
                    minutes_held__gte=0,
                ),
                name="cycle_totals_not_negative",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization"],
                condition=Q(minutes_held__gt=0),
                name="closed_cycles_still_holding",
            ),
            models.Index(
                fields=["ends_at"], condition=Q(state="active"), name="cycles_due_to_close"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} from {self.starts_at:%Y-%m-%d}"


class CycleCharge(models.Model):
    """What one card charged in one cycle beyond the pools. `amount` is exactly the card's
    price of `seconds`, so it does not depend on how calls were cut up."""

    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="charges")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    minutes = models.IntegerField(default=0)
    seconds = models.BigIntegerField(default=0)
    amount = models.DecimalField(**MONEY, default=0)

    class Meta:
        db_table = "cycle_charges"
        constraints = [
            models.UniqueConstraint(
                "cycle", "rate_card", name="charge_once_per_cycle_and_card"
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=0, seconds__gte=0, amount__gte=0),
                name="charges_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle}: {self.amount}"


class Allowance(models.Model):
    """The row that is locked: everything the gate needs to know of one organization.

    It stands beside `organizations`, because every call locks it.
    """

    class Standing(models.TextChoices):
        """Pushed by billing."""

        GOOD = "good"
        GRACE = "grace"
        PAST_DUE = "past_due"
        NO_PLAN = "no_plan"

    class Enforcement(models.TextChoices):
        ENFORCE = "enforce"
        # Admits, and records what would have been refused.
        SHADOW = "shadow"

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="allowance"
    )
    minutes_used_this_cycle = models.IntegerField(default=0)
    # Bought, granted or owed: negative is debt.
    credit_minutes = models.IntegerField(default=0)
    minutes_paid_otherwise = models.IntegerField(default=0)
    # What open holds may claim at most; rewritten by every change of what it depends on.
    minutes_ceiling = models.IntegerField(default=0)
    minutes_held = models.IntegerField(default=0)
    plan_minutes = models.IntegerField(default=0)
    # In force in the running cycle, and what the next cycle opens with.
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    plan_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    cycle = models.OneToOneField(BillingCycle, models.PROTECT, related_name="+")
    cycle_ends_at = models.DateTimeField()
    # Month boundaries count from here, so the 31st returns after February.
    anchor_at = models.DateTimeField()
    # End of what is paid, plus the renewal grace; empty: no end.
    rolls_until = models.DateTimeField(null=True, blank=True)
    standing = models.CharField(
        max_length=10, choices=Standing.choices, default=Standing.GOOD
    )
    enforcement = models.CharField(
        max_length=10, choices=Enforcement.choices, default=Enforcement.ENFORCE
    )
    # The organization's own spend cap, below the card's.
    overage_limit_minutes = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        db_table = "allowances"
        permissions = [
            ("adjust_balances", "Can adjust minutes and wallets by hand"),
            ("set_enforcement", "Can enforce limits, or only watch them"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    minutes_used_this_cycle__gte=models.F("minutes_paid_otherwise"),
                    minutes_paid_otherwise__gte=0,
                    minutes_held__gte=0,
                    plan_minutes__gte=0,
                ),
                name="allowance_counters_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"allowance of {self.organization}"


class Hold(models.Model):
    """Minutes set aside for one admitted call until its report, or its end, is known."""

    class State(models.TextChoices):
        OPEN = "open"
        SETTLED = "settled"
        RELEASED = "released"
        ESTIMATED = "estimated"

    class Kind(models.TextChoices):
        CALL = "call"
        USAGE = "usage"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="holds")
    # `<provider>:<provider's call id>`
    reference = models.CharField(max_length=300, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CALL)
    minutes = models.PositiveIntegerField()
    seconds_max = models.PositiveIntegerField()
    rate_card = models.ForeignKey(RateCard, models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="holds")
    # Ends a running call at the provider; needs no credential, so it is a secret.
    control_url = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    in_progress_at = models.DateTimeField(null=True, blank=True)
    # When the call is to be told that it ends in a minute, until that was tried; and when the
    # provider took the words.
    last_minute_at = models.DateTimeField(null=True, blank=True)
    last_minute_told_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "holds"
        indexes = [
            models.Index(
                fields=["organization"], condition=Q(state="open"), name="open_holds"
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(state="open"),
                name="open_holds_by_expiry",
            ),
            models.Index(
                fields=["last_minute_at"],
                condition=Q(state="open", last_minute_at__isnull=False),
                name="holds_to_be_told_of_their_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.minutes} min {self.state}"
