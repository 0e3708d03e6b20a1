"""Phone calls, the numbers and agents they belong to, and why each was let through or not."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from metering.balances.models import MONEY, BillingCycle, Hold, RateCard
from servicebilling.lib.ids import new_id
from servicebilling.lib.inbox import InboundMessageBase


class Direction(models.TextChoices):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    WEB = "web"


class Agent(models.Model):
    """An assistant at the telephony provider; belongs to exactly one organization."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="agents")
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=20, default="vapi")
    provider_assistant_id = models.CharField(max_length=120)
    # Spoken to the caller when a call is refused; empty: the organization's text.
    refusal_text = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "agents"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "provider", "provider_assistant_id", name="assistant_belongs_to_one_agent"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PhoneNumber(models.Model):
    """A number of an organization, from `valid_from` until `valid_to` (empty: still)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="phone_numbers"
    )
    e164 = models.CharField("number", max_length=20)
    # What its organization calls it; empty: nothing but the number.
    label = models.CharField(max_length=60, blank=True, db_default="")
    provider = models.CharField(max_length=20, default="vapi")
    provider_number_id = models.CharField(max_length=120)
    agent = models.ForeignKey(
        Agent, models.SET_NULL, null=True, blank=True, related_name="phone_numbers"
    )
    valid_from = models.DateTimeField(default=timezone.now)
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "phone_numbers"
        ordering = ["e164"]
        constraints = [
            models.UniqueConstraint(
                "provider",
                "provider_number_id",
                condition=Q(valid_to__isnull=True),
                name="number_belongs_to_one_organization",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=models.F("valid_from")),
                name="number_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{5,14}$"), name="number_is_e164"
            ),
        ]
        indexes = [
            models.Index(
                fields=["provider", "provider_number_id"], name="number_by_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.e164})" if self.label else self.e164


class Call(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active"
        COMPLETED = "completed"
        # No report came; charged by what is known, superseded by a late report.
        ESTIMATED = "estimated"
        REFUSED = "refused"
        # Ended without ever being answered.
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # This, agent and number lead an index below; one more would only slow writing.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="calls", db_index=False
    )
    provider = models.CharField(max_length=20)
    provider_call_id = models.CharField(max_length=200)
    direction = models.CharField(max_length=10, choices=Direction.choices)
    agent = models.ForeignKey(
        Agent, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    phone_number = models.ForeignKey(
        PhoneNumber, models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    call_from = models.CharField(max_length=100, blank=True)
    call_to = models.CharField(max_length=100, blank=True)
    # When it was answered; before that, when we first heard of it. Lists sort by it.
    occurred_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Talk time, rounded up once to whole seconds; empty: never answered.
    duration_seconds = models.PositiveIntegerField(null=True, blank=True)
    billed_seconds = models.PositiveIntegerField(default=0)
    billed_minutes = models.PositiveIntegerField(default=0)
    # How the billed minutes were paid when the call was settled: a note, never summed.
    minutes_from_plan = models.IntegerField(default=0)
    minutes_from_credit = models.IntegerField(default=0)
    minutes_charged = models.IntegerField(default=0)
    seconds_charged = models.IntegerField(default=0)
    # What the provider charged us, in USD, with its breakdown.
    cost = models.DecimalField(**MONEY, null=True, blank=True)
    cost_breakdown = models.JSONField(default=dict, blank=True)
    # What the organization is charged beyond its minutes.
    price = models.DecimalField(**MONEY, default=0)
    currency = models.CharField(max_length=3)
    rate_card = models.ForeignKey(
        RateCard, models.PROTECT, related_name="+", null=True, blank=True
    )
    cycle = models.ForeignKey(
        BillingCycle, models.PROTECT, related_name="calls", null=True, blank=True
    )
    status = models.CharField(max_length=10, choices=Status.choices)
    ended_reason = models.CharField(max_length=160, blank=True)
    refusal = models.CharField(max_length=40, blank=True)
    # It began without asking the gate.
    is_unadmitted = models.BooleanField(default=False)
    # Words such as `over_cap`, `conflicting_report`: what staff should look at.
    flags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # Counts the postings: an estimate is 1, the report that supersedes it 2.
    revision = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "calls"
        permissions = [
            ("see_money", "Can see amounts of money on staff pages"),
            ("see_numbers", "Can see callers' numbers on staff pages"),
        ]
        constraints = [
            models.UniqueConstraint(
                "provider", "organization", "provider_call_id", name="call_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "-occurred_at", "-id"], name="calls_newest_first"
            ),
            models.Index(fields=["-occurred_at", "-id"], name="all_calls_newest_first"),
            models.Index(
                fields=["agent", "-occurred_at", "-id"],
                condition=Q(agent__isnull=False),
                name="calls_of_agent_newest_first",
            ),
            models.Index(
                fields=["phone_number", "-occurred_at", "-id"],
                condition=Q(phone_number__isnull=False),
                name="calls_of_number_newest_first",
            ),
            models.Index(
                fields=["provider", "provider_call_id"], name="call_by_provider_id"
            ),
            models.Index(fields=["cycle"], name="calls_by_cycle"),
            models.Index(
                fields=["organization", "status", "-occurred_at"],
                condition=~Q(status="completed"),
                name="calls_not_plainly_completed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.provider_call_id}"


class Decision(models.Model):
    """One answer to "may this call connect?", with everything it was decided on."""

    class Result(models.TextChoices):
        ADMITTED = "admitted"
        REFUSED = "refused"

    id = models.BigAutoField(primary_key=True)
    # Empty: nobody owns the number that was called.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="decisions", null=True, blank=True
    )
    provider = models.CharField(max_length=20)
    provider_call_id = models.CharField(max_length=200)
    result = models.CharField(max_length=10, choices=Result.choices)
    # The rule that decided: `ok`, or the reason of the refusal.
    rule = models.CharField(max_length=40)
    # Shadow mode: admitted, though the rule says no.
    would_refuse = models.BooleanField(default=False)
    inputs = models.JSONField(default=dict)
    minutes = models.PositiveIntegerField(default=0)
    seconds_max = models.PositiveIntegerField(default=0)
    hold = models.ForeignKey(Hold, models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "decisions"
        constraints = [
            models.UniqueConstraint(
                "provider",
                "provider_call_id",
                "organization",
                name="decision_once_per_call",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(would_refuse=False)
                | Q(result="admitted", inputs__enforcement="shadow") & ~Q(rule="ok"),
                name="only_shadow_mode_admits_against_a_rule",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="decisions_newest_first"),
            models.Index(
                fields=["organization", "created_at"],
                condition=Q(inputs__enforcement="shadow"),
                name="decisions_in_shadow_mode",
            ),
            models.Index(
                fields=["-created_at"],
                condition=Q(result="refused"),
                name="refusals_newest_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.result}: {self.rule}"


class InboundMessage(InboundMessageBase):
    """A message of a telephony provider: an allow-list of its fields, never its text."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", null=True, blank=True
    )
    provider_call_id = models.CharField(max_length=200, blank=True)

    class Meta(InboundMessageBase.Meta):
        db_table = "inbound_messages"
        permissions = [("replay_messages", "Can process stored messages again")]
        indexes = [
            *InboundMessageBase.Meta.indexes,
            models.Index(fields=["provider_call_id"], name="messages_by_call"),
            models.Index(
                fields=["state"],
                condition=Q(state__in=["unmatched", "quarantined", "parked"]),
                name="messages_needing_a_look",
            ),
        ]
