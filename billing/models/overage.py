"""What providers are to be told of usage beyond the plan: the outbox of overage."""

from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY
from metering.models import BillingCycle, OverageCharge
from servicebilling.lib.outbox import OutboxRowBase


class OverageDelivery(OutboxRowBase):
    """Minutes for a provider's meter, or an amount for the next invoice.

    Every `OverageCharge` has one. What other meters charged is summed per cycle and meter:
    such a row has `meter` and `sequence` instead of a charge.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        UNCERTAIN = "uncertain"
        REFUSED = "refused"
        # Staff decided that nobody pays for it.
        WRITTEN_OFF = "written_off"

    class Route(models.TextChoices):
        # Nobody bills this organization yet.
        NONE = "none"
        METER = "meter"
        # The meter's period is over, or there is no meter for it.
        ITEM = "item"
        # Nobody bills it month by month: staff let it be asked for by itself.
        INVOICE = "invoice"

    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    cycle = models.ForeignKey(BillingCycle, models.PROTECT, related_name="+")
    charge = models.OneToOneField(
        OverageCharge, models.PROTECT, related_name="delivery", null=True, blank=True
    )
    meter = models.CharField(max_length=40, blank=True)
    # Later changes of a closed cycle follow as further rows of the difference.
    sequence = models.PositiveIntegerField(default=0)
    route = models.CharField(max_length=8, choices=Route.choices, default=Route.NONE)
    provider = models.CharField(max_length=20, blank=True)
    minutes = models.IntegerField(default=0)
    amount = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField()
    # The provider's own id of what was made of it, if it has one.
    provider_reference = models.CharField(max_length=255, blank=True)
    # Its subscription ended before an invoice asked for it: no meter takes it again.
    returned_at = models.DateTimeField(null=True, blank=True)
    # Of the route `invoice`: the one that asks for it.
    invoice = models.ForeignKey(
        "billing.Document", models.PROTECT, related_name="overage", null=True, blank=True
    )

    class Meta(OutboxRowBase.Meta):
        db_table = "overage_deliveries"
        verbose_name_plural = "overage deliveries"
        constraints = [
            *OutboxRowBase.Meta.constraints,
            models.CheckConstraint(
                condition=Q(charge__isnull=False, meter="")
                | (Q(charge__isnull=True) & ~Q(meter="")),
                name="delivery_is_of_a_charge_or_a_meter",
            ),
            models.CheckConstraint(
                condition=Q(route="invoice", invoice__isnull=False)
                | (~Q(route="invoice") & Q(invoice__isnull=True)),
                name="overage_asked_for_apart_has_its_invoice",
            ),
            models.CheckConstraint(
                condition=Q(returned_at__isnull=True) | ~Q(route="meter"),
                name="returned_overage_goes_on_no_meter",
            ),
            models.UniqueConstraint(
                "cycle",
                "meter",
                "sequence",
                condition=Q(charge__isnull=True),
                name="meter_of_a_cycle_delivered_once",
            ),
        ]
        indexes = [
            *OutboxRowBase.Meta.indexes,
            models.Index(
                fields=["organization"],
                condition=~Q(state="delivered"),
                name="deliveries_under_way",
            ),
            models.Index(fields=["organization", "occurred_at"], name="deliveries_by_time"),
        ]

    @property
    def item_key(self) -> str:
        """Return the name of its invoice item: another one once that was taken back, since
        the provider repeats what it answered about the first."""
        if self.returned_at is None:
            return self.key
        return f"{self.key}:{self.returned_at:%Y%m%d%H%M%S}"
