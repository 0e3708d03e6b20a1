"""Views of the database: sums that anyone may read with plain SQL. Nothing writes them."""

from django.db import models

from accounts.models import Organization
from metering.balances.models import MONEY, BillingCycle
from metering.balances.usage_models import QUANTITY


class MonthlyUsage(models.Model):
    """Settled calls of one organization in one calendar month of its zone."""

    # `<organization>:<year>-<month>`
    id = models.CharField(primary_key=True, max_length=44)
    organization = models.ForeignKey(Organization, models.DO_NOTHING, related_name="+")
    # The first day of the month.
    month = models.DateField()
    total_calls = models.BigIntegerField()
    talk_seconds = models.BigIntegerField()
    billed_minutes = models.DecimalField(**QUANTITY)
    # What the provider charged us, in USD.
    cost = models.DecimalField(**MONEY)
    # What the organization was charged beyond its minutes.
    price = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)

    class Meta:
        managed = False
        db_table = "monthly_usage"

    def __str__(self) -> str:
        return self.id


class BillingOverview(models.Model):
    """One meter of one organization in its running cycle: what is included, used, charged.

    `voice_minute` is always there and counts calls; another meter appears once it is used or
    the card in force has a rate for it.
    """

    # `<organization>:<meter>`
    id = models.CharField(primary_key=True, max_length=80)
    organization = models.ForeignKey(Organization, models.DO_NOTHING, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.DO_NOTHING, related_name="+")
    cycle_start = models.DateTimeField()
    cycle_end = models.DateTimeField()
    meter = models.CharField(max_length=40)
    quantity = models.DecimalField(**QUANTITY)
    # Empty: nothing is included and nothing charged, it is only counted.
    included_quantity = models.DecimalField(**QUANTITY, null=True)
    # Empty: no hard quota.
    quota_limit = models.DecimalField(**QUANTITY, null=True)
    charged_quantity = models.DecimalField(**QUANTITY)
    price = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)

    class Meta:
        managed = False
        db_table = "billing_overview"

    def __str__(self) -> str:
        return self.id
