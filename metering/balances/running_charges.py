"""What the running cycle of an allowance has charged, as expressions of a query over
`Allowance`."""

from decimal import Decimal

from django.db.models import Model, OuterRef, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from metering.balances.models import CycleCharge
from metering.balances.usage_models import CycleUsage


def of_calls() -> Combinable:
    """What calls cost beyond the pools."""
    return _sum_of(CycleCharge, "amount")


def of_other_meters() -> Combinable:
    """What other meters cost beyond what is included of them."""
    return _sum_of(CycleUsage, "price")


def _sum_of(model: type[Model], field: str) -> Combinable:
    rows = model._default_manager.filter(cycle=OuterRef("cycle")).order_by()
    total = rows.values("cycle").values(total=Sum(field))
    return Coalesce(Subquery(total), Decimal(0))
