"""The person who takes the calls that we refuse."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization


class HumanLine(models.Model):
    """An organization's own telephone, confirmed by a code that was spoken to it."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="human_line"
    )
    e164 = models.CharField(max_length=20)
    # A keyed hash; empty: no code is out.
    code_hash = models.CharField(max_length=64, blank=True)
    code_expires_at = models.DateTimeField(null=True)
    # Wrong tries at this code.
    attempts = models.PositiveIntegerField(default=0)
    # Codes asked for since `codes_since`, so that nobody is called all day.
    codes = models.PositiveIntegerField(default=0)
    codes_since = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "human_lines"
        constraints = [
            models.CheckConstraint(
                condition=Q(e164__regex=r"^\+[1-9][0-9]{5,14}$"),
                name="human_line_is_e164",
            )
        ]

    def __str__(self) -> str:
        return self.e164


class Forward(models.Model):
    """One refused call that was handed to the human line."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20)
    provider_call_id = models.CharField(max_length=200)
    e164 = models.CharField(max_length=20)
    rule = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "call_forwards"
        constraints = [
            models.UniqueConstraint(
                "provider", "provider_call_id", name="call_forwarded_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at"], name="forwards_newest_first"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider_call_id} to {self.e164}"
