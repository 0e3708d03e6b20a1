"""Organizations as the operator sees them: a list that is quick at any length, and one of
them with everything that happened to it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core import signing
from django.core.exceptions import BadRequest
from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import Organization
from billing.models import Plan, Subscription
from billing.models.subscriptions import ENDED
from metering.models import PhoneNumber

PAGE_SIZE = 50
_SALT = "adminpanel.organizations"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; empty fields narrow nothing."""

    search: str = ""
    standing: str = ""
    status: str = ""
    plan: str = ""
    order: str = "name"


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    name: str
    slug: str
    status: str
    standing: str
    enforcement: str
    plan: str
    renews_at: datetime | None
    cycle_end: datetime | None
    covered: int
    pool: int
    held: int
    remaining: int
    credit_minutes: int
    wallet: Decimal
    currency: str

    @property
    def percent(self) -> int:
        if self.pool <= 0:
            return 100 if self.covered else 0
        return min(100, max(0, self.covered) * 100 // self.pool)


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    # Names where the next page begins; empty on the last.
    next: str


# Order -> its fields; the last is unique.
ORDERS = {
    "name": ("name", "id"),
    "newest": ("-created_at", "-id"),
}


def page(wanted: Wanted, *, after: str = "") -> Page:
    """Return a page of organizations. Raises `BadRequest` for an order or a place that
    nobody was given."""
    if wanted.order not in ORDERS:
        raise BadRequest("There is no such order.")
    fields = ORDERS[wanted.order]
    rows = _narrowed(wanted).order_by(*fields)
    if after:
        rows = rows.filter(_beyond(fields, _place(after, wanted.order)))
    found = list(_with_balances(rows)[: PAGE_SIZE + 1])
    place = ""
    if len(found) > PAGE_SIZE:
        last = found[PAGE_SIZE - 1]
        values = [str(getattr(last, field.lstrip("-"))) for field in fields]
        place = signing.dumps([wanted.order, *values], salt=_SALT)
    return Page(tuple(_line(one) for one in found[:PAGE_SIZE]), next=place)


def line_of(organization_id: UUID) -> Line:
    """Return one organization. Raises `Organization.DoesNotExist`."""
    return _line(_with_balances(Organization.objects.all()).get(pk=organization_id))


def plan_codes() -> list[str]:
    return list(Plan.objects.order_by("order", "code").values_list("code", flat=True))


def _narrowed(wanted: Wanted) -> QuerySet[Organization]:
    rows = Organization.objects.all()
    if wanted.search:
        rows = rows.filter(_named(wanted.search))
    if wanted.standing:
        rows = rows.filter(allowance__standing=wanted.standing)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.plan:
        rows = rows.filter(allowance__plan_card__plans__code=wanted.plan)
    return rows


def _named(search: str) -> Q:
    """By the beginning of the name or slug, an address, a number: each is in an index."""
    if search.startswith("+"):
        numbers = PhoneNumber.objects.filter(e164=search).values("organization")
        return Q(pk__in=numbers)
    if "@" in search:
        return Q(owner__email__iexact=search) | Q(billing_email__iexact=search)
    return Q(name__istartswith=search) | Q(slug__startswith=search.lower())


def _with_balances(rows: QuerySet[Organization]) -> QuerySet[Organization]:
    living = Subscription.objects.filter(organization=OuterRef("pk")).exclude(
        status__in=[*ENDED, "incomplete"]
    )
    return rows.select_related("allowance__plan_card", "wallet").annotate(
        plan_code=Subquery(
            Plan.objects.filter(rate_card=OuterRef("allowance__plan_card"))
            .order_by("order")
            .values("code")[:1]
        ),
        renews_at=Subquery(living.order_by("-created_at").values("period_ends_at")[:1]),
    )


def _line(organization: Organization) -> Line:
    allowance = getattr(organization, "allowance", None)
    wallet = getattr(organization, "wallet", None)
    pool = covered = credit = held = 0
    if allowance is not None:
        covered = allowance.minutes_used_this_cycle - allowance.minutes_paid_otherwise
        credit, held = allowance.credit_minutes, allowance.minutes_held
        pool = max(0, allowance.plan_minutes + credit)
    return Line(
        id=organization.pk,
        name=organization.name,
        slug=organization.slug,
        status=organization.status,
        standing=allowance.standing if allowance else "",
        enforcement=allowance.enforcement if allowance else "",
        plan=organization.plan_code or "",  # type: ignore[attr-defined]
        renews_at=organization.renews_at,  # type: ignore[attr-defined]
        cycle_end=allowance.cycle_ends_at if allowance else None,
        covered=covered,
        pool=pool,
        held=held,
        remaining=max(0, pool - covered),
        credit_minutes=credit,
        wallet=wallet.balance if wallet else Decimal(0),
        currency=organization.currency,
    )


def _place(after: str, order: str) -> list[str]:
    try:
        named, *values = signing.loads(after, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise BadRequest("There is no such page.") from error
    if named != order or len(values) != len(ORDERS[order]):
        raise BadRequest("There is no such page in this order.")
    return values


def _beyond(fields: tuple[str, str], values: list[str]) -> Q:
    (first, last), (value, identity) = fields, values
    way = "lt" if first.startswith("-") else "gt"
    first, last = first.lstrip("-"), last.lstrip("-")
    return Q(**{f"{first}__{way}": value}) | Q(**{first: value, f"{last}__{way}": identity})
