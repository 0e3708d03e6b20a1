"""What currencies were worth, as staff entered it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ExchangeRate(models.Model):
    """One unit of `base` is `rate` units of `quote`, from a moment on. Rows only grow: a
    wrong rate is followed by a right one."""

    base = models.CharField(max_length=3, default="USD")
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=9)
    valid_from = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "exchange_rates"
        ordering = ["base", "quote", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                "base", "quote", "valid_from", name="one_rate_per_moment"
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=0) & ~Q(base=F("quote")), name="rate_converts"
            ),
            models.CheckConstraint(
                condition=Q(base__regex=r"^[A-Z]{3}$", quote__regex=r"^[A-Z]{3}$"),
                name="rate_currencies_are_iso_4217",
            ),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote}"
