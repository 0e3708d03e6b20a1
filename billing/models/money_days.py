"""What came in and what it cost, summed by day for the whole platform."""

from django.db import models

from metering.balances.models import MONEY


class MoneyDay(models.Model):
    """A day in UTC and a currency. Providers of calls are paid in dollars, so `cost` stands
    in the row of USD alone. Written whole from payments and daily usage, as often as one
    likes."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    paid = models.DecimalField(**MONEY, default=0)
    # Refunds and disputes that took money back on that day.
    given_back = models.DecimalField(**MONEY, default=0)
    cost = models.DecimalField(**MONEY, default=0)

    class Meta:
        db_table = "money_days"
        constraints = [
            models.UniqueConstraint("day", "currency", name="money_of_a_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"
