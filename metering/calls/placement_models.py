"""Calls that we ask the provider to place, and calls that we tell it to end."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import Hold
from metering.calls.models import Agent, Call, PhoneNumber
from servicebilling.lib.ids import new_id


class Placement(models.Model):
    """One call that the gate let through before the provider had a name for it.

    Until the provider's id is known, hold and call bear this row's id instead. It becomes
    known by the answer to our request, by the first message that shows our token, or by
    asking, whichever comes first; and then never changes.
    """

    class Kind(models.TextChoices):
        OUTBOUND = "outbound"
        WEB = "web"
        # A campaign of the provider's dials; we only let it.
        CAMPAIGN = "campaign"

    class State(models.TextChoices):
        # Let through; whether there is a call is not known yet.
        PLACING = "placing"
        PLACED = "placed"
        # There certainly is none; nothing is held for it any more.
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    provider = models.CharField(max_length=20, default="vapi")
    # Empty until it is known.
    provider_call_id = models.CharField(max_length=200, blank=True)
    call = models.OneToOneField(Call, models.PROTECT, related_name="placement")
    hold = models.OneToOneField(Hold, models.PROTECT, related_name="placement")
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="+", null=True)
    phone_number = models.ForeignKey(
        PhoneNumber, models.PROTECT, related_name="+", null=True
    )
    call_to = models.CharField(max_length=20, blank=True)
    campaign_id = models.CharField(max_length=120, blank=True)
    contact_id = models.CharField(max_length=120, blank=True)
    # The caller's own name for this call: asked again, it is not dialled again.
    idempotency_key = models.CharField(max_length=255, blank=True)
    # Where the browser of a web call joins it.
    join_url = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLACING)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "call_placements"
        constraints = [
            models.UniqueConstraint(
                "organization",
                "idempotency_key",
                condition=~Q(idempotency_key="") & ~Q(state="failed"),
                name="call_placed_once_per_key",
            ),
            models.UniqueConstraint(
                "provider",
                "provider_call_id",
                condition=~Q(provider_call_id=""),
                name="placement_is_one_call",
            ),
            models.CheckConstraint(
                condition=~Q(state="placed") | ~Q(provider_call_id=""),
                name="placed_call_has_an_id",
            ),
        ]
        indexes = [
            models.Index(
                fields=["call_to"],
                condition=Q(kind="campaign", state="placing"),
                name="campaign_calls_expected",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider_call_id or self.state}"


class CallEnding(models.Model):
    """A running call that nothing pays for and that the provider shall end."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="ending")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    # The refusal that ends it, and what the caller hears.
    rule = models.CharField(max_length=40)
    sentence = models.CharField(max_length=300)
    # Needs no credential, so it is a secret: gone once it was used.
    control_url = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # Empty: done, or given up.
    next_attempt_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    # When the provider took the command.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "call_endings"
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="call_endings_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {'ended' if self.ended_at else 'not ended'}"
