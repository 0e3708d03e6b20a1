"""The rules that need the pure code: what usage costs, and what may still be held."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from django.db import connection

from metering import quantities, rating
from metering.balances import book_rows, cards
from metering.models import Allowance, CycleCharge, CycleUsage

CEILING = "the_ceiling_is_what_the_books_allow"
PRICE = "a_charge_is_the_price_of_its_seconds"
USAGE_PRICE = "cycle_usage_costs_the_price_of_its_quantity"

BATCH = 500

# Organization, row, expected, found.
Checked = tuple[UUID, str, object, object]


def ceilings(organization_id: UUID | None) -> Iterator[Checked]:
    """What each organization's open holds may claim, computed anew from its books."""
    # Without a running cycle there is nothing to compute, and another rule says so.
    allowances = Allowance.objects.filter(cycle__state="active").order_by("organization_id")
    if organization_id:
        allowances = allowances.filter(organization_id=organization_id)
    stored = dict(allowances.values_list("organization_id", "minutes_ceiling"))
    ids = list(stored)
    for start in range(0, len(ids), BATCH):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT book_json(%s::uuid[], '{}')::text", [ids[start : start + BATCH]]
            )
            found = book_rows.loads(cursor.fetchone()[0])
        for book in book_rows.read(found).values():
            owner = book.organization_id
            yield owner, f"allowances {owner}", book.ceiling, stored[owner]


def prices(organization_id: UUID | None) -> Iterator[Checked]:
    """What each card charged in each cycle, priced anew from its seconds."""
    charges = CycleCharge.objects.all()
    if organization_id:
        charges = charges.filter(organization_id=organization_id)
    known = cards.get(charges.values_list("rate_card_id", flat=True).distinct())
    priced: dict[tuple[UUID, int], Decimal] = {}
    rows = charges.values_list("organization_id", "id", "rate_card_id", "seconds", "amount")
    for owner, charge_id, card_id, seconds, amount in rows.iterator():
        key = (card_id, seconds)
        if key not in priced:
            priced[key] = rating.price(seconds, known[card_id])
        yield owner, f"cycle_charges {charge_id}", priced[key], amount


def usage_prices(organization_id: UUID | None) -> Iterator[Checked]:
    """What each meter was charged in each cycle, priced anew from its quantity."""
    usages = CycleUsage.objects.all()
    if organization_id:
        usages = usages.filter(organization_id=organization_id)
    known = cards.get(usages.values_list("rate_card_id", flat=True).distinct())
    for usage in usages.iterator():
        rate = known[usage.rate_card_id].meters.get(usage.meter)
        price = quantities.price(usage.charged_quantity, rate.tiers if rate else ())
        yield usage.organization_id, f"cycle_usage {usage.pk}", price, usage.price
