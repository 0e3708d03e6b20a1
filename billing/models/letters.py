"""Letters to organizations and staff: written once each, and posted by the worker."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY
from metering.models import BillingCycle
from servicebilling.lib.outbox import OutboxRowBase


class Letter(OutboxRowBase):
    """One letter to one address. What it says is kept as words; the layout comes when it is
    posted or looked at."""

    class Kind(models.TextChoices):
        LOW_USAGE = "low_usage"
        MINUTES_GONE = "minutes_gone"
        BACK_IN_SERVICE = "back_in_service"
        RECEIPT = "receipt"
        PAYMENT_FAILED = "payment_failed"
        TOP_UP_PAUSED = "top_up_paused"
        STAFF_DIGEST = "staff_digest"
        INVITATION = "invitation"
        # To a person: their address, password or second factor changed.
        SIGN_IN = "sign_in"

    # Empty: to staff, or to a person about themselves.
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="letters", null=True, blank=True
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # What makes it this letter and no other, beside threshold and cycle: the refill before
    # it, the payment, the day.
    about = models.CharField(max_length=120)
    threshold = models.DecimalField(**MONEY, null=True, blank=True)
    cycle = models.ForeignKey(
        BillingCycle, models.PROTECT, related_name="+", null=True, blank=True
    )
    # The day it was written, in the organization's zone.
    local_day = models.DateField()
    address = models.EmailField()
    words = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta(OutboxRowBase.Meta):
        db_table = "letters"
        constraints = [
            *OutboxRowBase.Meta.constraints,
            models.UniqueConstraint(
                "organization",
                "kind",
                "about",
                "threshold",
                "cycle",
                "address",
                name="letter_once_per_subject",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                "organization",
                "address",
                "local_day",
                condition=Q(kind="low_usage"),
                name="one_low_usage_letter_a_day",
            ),
        ]
        indexes = [
            *OutboxRowBase.Meta.indexes,
            models.Index(fields=["kind", "about"], name="letters_by_subject"),
            models.Index(
                fields=["organization", "kind", "-id"], name="letters_of_organization"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}"


# What an address may do without. All others an organization must be told.
OPTIONAL_KINDS = (Letter.Kind.LOW_USAGE, Letter.Kind.BACK_IN_SERVICE, Letter.Kind.RECEIPT)


class LetterChoice(models.Model):
    """What was chosen for one address, where that differs from what it would get."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="letter_choices"
    )
    # In small letters: who it is, not how it was typed.
    address = models.EmailField()
    # Empty: whether it gets letters at all.
    kind = models.CharField(max_length=20, blank=True)
    is_wanted = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "letter_choices"
        constraints = [
            models.UniqueConstraint(
                "organization",
                "address",
                "kind",
                name="letter_choice_once_per_address_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["", *OPTIONAL_KINDS]),
                name="letter_choice_is_about_optional_letters",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address}: {self.kind or 'letters'} {self.is_wanted}"
