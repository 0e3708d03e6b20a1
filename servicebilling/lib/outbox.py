"""What other systems are to be told: kept as rows until they have taken it.

A row is written with the fact itself or found from it, its key never changes, and the
receiver takes a key once. So it may be sent again after any failure, for as long as the
receiver remembers keys; after that it must be asked first.
"""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from servicebilling.lib import retrying

# Receivers know a key for a day at least; an hour is left for what is under way.
REMEMBERED_FOR = timedelta(hours=23)


class OutboxRowBase(models.Model):
    """One thing to be told once. `key` names it at the receiver for ever."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        # Sent, perhaps taken, and the receiver may have forgotten the key: ask it first.
        UNCERTAIN = "uncertain"
        # The receiver took it and threw it away, or never will: staff look at it.
        REFUSED = "refused"

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state="waiting"),
                name="%(app_label)s_%(class)s_due",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(delivered_at__isnull=False),
                name="%(app_label)s_%(class)s_delivered_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"

    @classmethod
    def claim(cls, row_id: int, *, now: datetime) -> bool:
        """Take a row for a while; False if somebody else has it, or it is not due.

        The attempt counts from here: one that kills its worker must not come back for ever.
        """
        due = cls._base_manager.filter(
            pk=row_id, state=cls.State.WAITING, next_attempt_at__lte=now
        )
        taken = due.update(
            next_attempt_at=now + retrying.LEASE,
            attempts=F("attempts") + 1,
            first_attempt_at=Coalesce("first_attempt_at", Value(now)),
        )
        return taken == 1

    def may_have_been_forgotten(self, now: datetime) -> bool:
        """Return whether an earlier attempt is so old that its key may count as new."""
        first = self.first_attempt_at
        return first is not None and now - first >= REMEMBERED_FOR

    def note_delivered(self, *, now: datetime) -> None:
        self.state, self.delivered_at, self.next_attempt_at = "delivered", now, None
        self.error = ""
        self.save(update_fields=["state", "delivered_at", "next_attempt_at", "error"])
