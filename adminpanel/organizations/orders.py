"""In which orders organizations are listed, and how a page is found in each.

Names and dates of opening are in indexes. What every call changes is in none, or each call
would have to rewrite it: those orders read the allowances once, a narrow table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from accounts.models import Organization
from servicebilling.lib import keyset

_LIST = "organizations of the platform"
_COVERED = F("allowance__minutes_used_this_cycle") - F("allowance__minutes_paid_otherwise")
_POOL = F("allowance__plan_minutes") + F("allowance__credit_minutes")


@dataclass(frozen=True, slots=True)
class Order:
    """`key` is what rows are ordered by, before their id; never null."""

    title: str
    key: Any
    read: Callable[[str], Any]
    is_falling: bool = False

    @property
    def fields(self) -> tuple[str, str]:
        return ("-place", "-pk") if self.is_falling else ("place", "pk")


ORDERS = {
    "name": Order("Name", F("name"), str),
    "newest": Order("Newest", F("created_at"), datetime.fromisoformat, is_falling=True),
    "used": Order(
        "Most used",
        Coalesce(
            Case(
                When(Q(pool__gt=0), then=_COVERED * 100 / F("pool")),
                When(Q(covered__gt=0), then=Value(100)),
                output_field=IntegerField(),
            ),
            Value(-1),
        ),
        int,
        is_falling=True,
    ),
    "remaining": Order("Least left", Coalesce(_POOL - _COVERED, Value(0)), int),
    "credit": Order(
        "Most credit",
        Coalesce(F("allowance__credit_minutes"), Value(0)),
        int,
        is_falling=True,
    ),
    "debt": Order("Most debt", Coalesce(F("allowance__credit_minutes"), Value(0)), int),
    "wallet": Order(
        "Fullest wallet",
        Coalesce(F("wallet__balance"), Value(Decimal(0))),
        Decimal,
        is_falling=True,
    ),
    "renewal": Order(
        "Next cycle",
        Coalesce(F("allowance__cycle_ends_at"), F("created_at")),
        datetime.fromisoformat,
    ),
}


def ids_of_page(
    rows: QuerySet[Organization], name: str, *, cursor: str, limit: int
) -> tuple[list[UUID], str]:
    """Return the ids of a page in that order, and the cursor of the next one; empty on the
    last. Raises `keyset.InvalidCursor`."""
    order = ORDERS[name]
    rows = rows.annotate(covered=_COVERED, pool=_POOL).annotate(place=order.key)
    if cursor:
        place, identity = keyset.read(cursor, of=f"{_LIST} {name}", parts=2)
        rows = rows.filter(_beyond(order, order.read(place), UUID(identity)))
    found = list(rows.order_by(*order.fields).values_list("pk", "place")[: limit + 1])
    following = ""
    if len(found) > limit:
        last, at = found[limit - 1]
        said = at.isoformat() if isinstance(at, datetime) else str(at)
        following = keyset.write(said, str(last), of=f"{_LIST} {name}")
    return [one for one, _ in found[:limit]], following


def _beyond(order: Order, place: Any, identity: UUID) -> Q:
    way = "lt" if order.is_falling else "gt"
    # The first condition lets an index begin there, the second settles equal places.
    return Q(**{f"place__{way}e": place}) & (
        Q(**{f"place__{way}": place}) | Q(**{f"pk__{way}": identity})
    )
