"""What comparing ourselves with the provider has found, for staff to look at."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY


class Reconciliation(models.Model):
    """One comparison of the provider's list of calls with ours."""

    provider = models.CharField(max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField()
    started_at = models.DateTimeField()
    # Empty: it broke off; `error` says why.
    finished_at = models.DateTimeField(null=True)
    # Calls that both know alike, that one side lacked, or that differed.
    both = models.PositiveIntegerField(default=0)
    theirs_only = models.PositiveIntegerField(default=0)
    ours_only = models.PositiveIntegerField(default=0)
    different = models.PositiveIntegerField(default=0)
    # Charged because of it, by the same handler as a report.
    settled = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "call_reconciliations"
        indexes = [models.Index(fields=["-started_at"], name="reconciliations_newest")]

    def __str__(self) -> str:
        return f"{self.provider} since {self.since}"


class CallDifference(models.Model):
    """One call on which the provider and we did not agree, and what became of it."""

    class Result(models.TextChoices):
        THEIRS_ONLY = "theirs only"
        OURS_ONLY = "ours only"
        DIFFERENT = "different"

    # Empty: nobody owns the call.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", null=True
    )
    provider = models.CharField(max_length=20)
    provider_call_id = models.CharField(max_length=200)
    result = models.CharField(max_length=12, choices=Result.choices)
    # What either side says of it: status, length, cost.
    theirs = models.JSONField(default=dict)
    ours = models.JSONField(default=dict)
    # An outcome of settling, or why nothing could be done.
    outcome = models.CharField(max_length=300, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    # When both sides agreed, or it was settled; empty: somebody should look.
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "call_differences"
        constraints = [
            models.UniqueConstraint(
                "provider", "provider_call_id", name="one_difference_per_call"
            )
        ]
        indexes = [
            models.Index(fields=["-last_seen_at"], name="differences_newest"),
            models.Index(
                fields=["organization"],
                condition=Q(resolved_at__isnull=True),
                name="differences_unresolved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_call_id}: {self.result}"


class SetUpFinding(models.Model):
    """Something at the provider that lets calls past us, or loses what is told of them."""

    class Problem(models.TextChoices):
        PRESET_ASSISTANT = "preset assistant"
        FALLBACK_DESTINATION = "fallback destination"
        FOREIGN_SERVER = "foreign server"
        NO_SERVER = "no server"
        NO_RETRIES = "no retries"
        REPORTS_OFF = "reports off"
        UNKNOWN_THERE = "unknown to the provider"
        LOW_BALANCE = "low balance"

    provider = models.CharField(max_length=20)
    # `number`, `assistant` or `account`, and the provider's id of it.
    subject = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=120, blank=True)
    problem = models.CharField(max_length=30, choices=Problem.choices)
    # Empty: it belongs to nobody, or to the platform.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", null=True
    )
    detail = models.CharField(max_length=500, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    # When it was no longer found; empty: it stands.
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "provider_set_up_findings"
        constraints = [
            models.UniqueConstraint(
                "provider",
                "subject",
                "subject_id",
                "problem",
                condition=Q(resolved_at__isnull=True),
                name="set_up_finding_stands_once",
            )
        ]
        indexes = [models.Index(fields=["-last_seen_at"], name="set_up_findings_newest")]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}: {self.problem}"


class ProviderBalance(models.Model):
    """What our account at a provider held when it was last asked."""

    provider = models.CharField(max_length=20, primary_key=True)
    amount_usd = models.DecimalField(**MONEY)
    read_at = models.DateTimeField()

    class Meta:
        db_table = "provider_balances"

    def __str__(self) -> str:
        return f"{self.provider}: {self.amount_usd} USD"
