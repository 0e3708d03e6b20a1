"""Wishes that an organization be forgotten."""

from django.conf import settings
from django.db import models

from accounts.models import Organization
from servicebilling.lib.ids import new_id


class Erasure(models.Model):
    """That the personal data of a closed organization shall be erased, and when it was."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    requested_at = models.DateTimeField()
    # Until then its owner can take it back.
    due_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "erasures"
        constraints = [
            models.UniqueConstraint(
                "organization",
                condition=models.Q(withdrawn_at=None),
                name="one_erasure_per_organization",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None) | models.Q(done_at=None),
                name="erasure_is_withdrawn_or_done_not_both",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(withdrawn_at=None, done_at=None),
                name="erasures_to_be_done",
            )
        ]

    def __str__(self) -> str:
        return f"erasure of {self.organization_id}"
