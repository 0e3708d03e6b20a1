"""Addresses that mail comes back from."""

from django.db import models


class BouncedAddress(models.Model):
    """Nothing is sent there until somebody says that it works again."""

    class Reason(models.TextChoices):
        # No such mailbox, or no such domain.
        BOUNCED = "bounced", "does not exist"
        # The mail service will not send there.
        REJECTED = "rejected", "is refused by the mail service"
        # Whoever reads it called our letters spam.
        COMPLAINED = "complained", "complained about our letters"

    # As it is compared: in small letters.
    address = models.EmailField(unique=True)
    reason = models.CharField(max_length=10, choices=Reason.choices)
    # Who said so: a mail service, or the mail server itself.
    told_by = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Since then letters go there again; a later bounce stops them anew.
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "bounced_addresses"
        verbose_name_plural = "bounced addresses"

    def __str__(self) -> str:
        return f"{self.address} {self.get_reason_display()}"
