"""Messages that other systems sent us: stored once, then processed, with their errors kept."""

from datetime import timedelta

from django.db import models

# Nothing is left to be done about a message in one of these.
DONE = ("processed", "ignored")
# How long the text of one that could not be used waits for somebody to mend its cause.
UNDONE_KEPT = timedelta(days=90)


class InboundMessageBase(models.Model):
    """One authenticated delivery. The sender has no event id to rely on, so `external_id`
    names the fact and its content; a repeated delivery is the same row."""

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSED = "processed"
        # Kept for the record, nothing to do.
        IGNORED = "ignored"
        # Nobody owns the number yet; processed once it is mapped.
        UNMATCHED = "unmatched"
        # Makes no sense (negative length, end before start): staff look at it.
        QUARANTINED = "quarantined"
        # Failed too often; waits for a replay.
        PARKED = "parked"

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=60)
    external_id = models.CharField(max_length=300)
    body = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    # Since then its body is empty, and it cannot be processed again.
    redacted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                "provider", "external_id", name="%(app_label)s_%(class)s_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state="received"),
                name="%(app_label)s_%(class)s_due",
            ),
            models.Index(
                fields=["received_at"],
                condition=models.Q(state__in=["parked", "quarantined"]),
                name="%(app_label)s_%(class)s_failed",
            ),
            models.Index(
                fields=["received_at"],
                condition=models.Q(redacted_at__isnull=True),
                name="%(app_label)s_%(class)s_whole",
            ),
            models.Index(fields=["-received_at"], name="%(app_label)s_%(class)s_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.state}"
