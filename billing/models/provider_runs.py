"""What was told to payment providers or compared with them, when, and what came of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ProviderRun(models.Model):
    """One run. The clock begins comparisons; staff ask for the catalogue to be told."""

    class Kind(models.TextChoices):
        CATALOGUE = "catalogue", "Catalogue told"
        LISTS = "lists", "Events, checkouts and subscriptions compared"
        PAYMENTS = "payments", "Payments compared"
        OVERAGE = "overage", "Overage compared"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Empty: every provider that is concerned.
    provider = models.CharField(max_length=20, blank=True)
    asked_at = models.DateTimeField()
    # Empty: the clock, or a command.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    # Staff said that the account may be the live one.
    is_live_meant = models.BooleanField(default=False)
    # Empty: it waits for the worker.
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Offers told, or rows of the provider's that were looked at.
    looked_at_count = models.PositiveIntegerField(default=0)
    # Changes made, or differences found.
    found_count = models.PositiveIntegerField(default=0)
    # Of the first of them: the changes in words, and the ids of the differences.
    lines = models.JSONField(default=list, blank=True)
    differences = models.JSONField(default=list, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "provider_runs"
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(started_at__isnull=False),
                name="run_starts_before_it_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "-id"], name="provider_runs_by_kind"),
            models.Index(
                fields=["id"],
                condition=Q(started_at__isnull=True),
                name="provider_runs_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider} {self.pk}"
