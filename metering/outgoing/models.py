"""Webhooks to customers' own systems: where they go, and every message that was sent."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from servicebilling.lib.ids import new_id


class EventKind(models.TextChoices):
    MINUTES_LOW = "minutes.low"
    MINUTES_GONE = "minutes.gone"
    CALL_REFUSED = "call.refused"
    PAYMENT_RECEIVED = "payment.received"


class WebhookEndpoint(models.Model):
    """An address of a customer's system that wants to hear of some kinds of events."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="webhook_endpoints"
    )
    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=40, choices=EventKind.choices))
    # Signs messages, so it cannot be kept as a hash; shown once, when it is made.
    secret = models.CharField(max_length=100)
    # While it is being changed, messages carry a signature by the old one, too.
    secret_before = models.CharField(max_length=100, blank=True)
    secret_before_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    # Endpoints stay, for their log; this one gets nothing more.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "webhook_endpoints"
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                "organization",
                "url",
                condition=Q(removed_at__isnull=True),
                name="webhook_endpoint_once_per_url",
            )
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One message to one endpoint: an outbox, and its log."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        # Given up, until somebody asks for it again.
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, related_name="deliveries")
    # The same for all endpoints and every try: by it a receiver knows a repetition.
    event_id = models.UUIDField()
    kind = models.CharField(max_length=40, choices=EventKind.choices)
    data = models.JSONField()
    occurred_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    response_status = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "webhook_deliveries"
        constraints = [
            models.UniqueConstraint(
                "endpoint", "event_id", name="webhook_delivery_once_per_endpoint"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "-occurred_at", "-id"],
                name="webhook_log_by_time",
            ),
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state="waiting"),
                name="webhook_deliveries_due",
            ),
            models.Index(
                fields=["occurred_at"],
                condition=Q(state="failed"),
                name="webhook_deliveries_failed",
            ),
            models.Index(
                fields=["occurred_at"],
                condition=~Q(state="waiting"),
                name="webhook_deliveries_over",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.endpoint}"
