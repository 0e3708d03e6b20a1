"""Organizations as the operator sees them: a list that is quick at any length, and one of
them as it stands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import Organization, User
from adminpanel.organizations import margins, orders
from billing.models import Plan, Subscription
from billing.models.subscriptions import ENDED
from metering.models import PhoneNumber, RateCard

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; empty fields narrow nothing. `order` is of ORDERS."""

    search: str = ""
    standing: str = ""
    status: str = ""
    plan: str = ""
    enforcement: str = ""
    order: str = "name"


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    name: str
    slug: str
    status: str
    standing: str
    enforcement: str
    # The plan's code, and what it is called; also of those who keep an older version of it.
    plan: str
    plan_name: str
    is_older_version: bool
    # Of the subscription: monthly or yearly; empty without one.
    billing_period: str
    renews_at: datetime | None
    cycle_end: datetime | None
    covered: int
    pool: int
    held: int
    remaining: int
    credit_minutes: int
    wallet: Decimal
    currency: str
    # What was paid in the last `margins.SPAN` less what the providers charged us for it;
    # None: no exchange rate.
    margin: Decimal | None

    @property
    def percent(self) -> int:
        if self.pool <= 0:
            return 100 if self.covered else 0
        return min(100, max(0, self.covered) * 100 // self.pool)


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    # Cursor of the next page; empty on the last.
    next: str


def page(
    wanted: Wanted, *, now: datetime, cursor: str = "", limit: int = PAGE_SIZE
) -> Page:
    """Return a page of organizations. Raises `keyset.InvalidCursor`."""
    ids, following = orders.ids_of_page(
        _narrowed(wanted), wanted.order, cursor=cursor, limit=limit
    )
    return Page(_lines(ids, now=now), next=following)


def line_of(organization_id: UUID, *, now: datetime) -> Line:
    """Return one organization. Raises `Organization.DoesNotExist`."""
    found = _lines([organization_id], now=now)
    if not found:
        raise Organization.DoesNotExist
    return found[0]


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
    if wanted.enforcement:
        rows = rows.filter(allowance__enforcement=wanted.enforcement)
    if wanted.plan:
        # Those who keep an older version of its terms are on the plan, too.
        cards = RateCard.objects.filter(code__regex=rf"^{re.escape(wanted.plan)}-[0-9]+$")
        ids = list(cards.values_list("pk", flat=True))
        rows = rows.filter(allowance__plan_card__in=ids)
    return rows


def _named(search: str) -> Q:
    """By the beginning of the name or slug, an address, a number, an id of ours or Stripe's:
    each is in an index."""
    if search.startswith("+"):
        numbers = PhoneNumber.objects.filter(e164=search).values("organization")
        return Q(pk__in=numbers)
    if "@" in search:
        # Found first: joined, the planner would read everybody to look at their address.
        owners = list(
            User.objects.filter(email=search.lower()).values_list("pk", flat=True)
        )
        return Q(owner__in=owners) | Q(billing_email__iexact=search)
    named = Q(name__istartswith=search) | Q(slug__startswith=search.lower())
    if search.startswith("cus_"):
        return Q(stripe_customer_id=search)
    return named | Q(pk=search) if _is_id(search) else named


def _is_id(said: str) -> bool:
    try:
        UUID(said)
    except ValueError:
        return False
    return True


def _lines(ids: list[UUID], *, now: datetime) -> tuple[Line, ...]:
    living = (
        Subscription.objects.filter(organization=OuterRef("pk"))
        .exclude(status__in=[*ENDED, "incomplete"])
        .order_by("-created_at")
    )
    rows = (
        Organization.objects.filter(pk__in=ids)
        .select_related("allowance__plan_card", "wallet")
        .annotate(
            renews_at=Subquery(living.values("period_ends_at")[:1]),
            billing_period=Subquery(living.values("billing_period")[:1]),
        )
    )
    found = {row.pk: row for row in rows}
    earned = margins.of(list(found.values()), since=now - margins.SPAN, now=now)
    sold = {plan.code: plan for plan in Plan.objects.all()}
    return tuple(_line(found[one], earned[one], sold) for one in ids if one in found)


def _line(
    organization: Organization, margin: Decimal | None, sold: Mapping[str, Plan]
) -> Line:
    allowance = getattr(organization, "allowance", None)
    wallet = getattr(organization, "wallet", None)
    pool = covered = credit = held = 0
    code = ""
    plan: Plan | None = None
    is_older = False
    if allowance is not None:
        covered = allowance.minutes_used_this_cycle - allowance.minutes_paid_otherwise
        credit, held = allowance.credit_minutes, allowance.minutes_held
        pool = max(0, allowance.plan_minutes + credit)
        # Cards are named by their plan and counted; that of a trial has a point in it.
        code = re.sub(r"(\.[a-z]+)?-[0-9]+$", "", allowance.plan_card.code)
        plan = sold.get(code)
        is_own = "." not in allowance.plan_card.code
        is_older = plan is not None and plan.rate_card_id != allowance.plan_card_id
        is_older &= is_own
    return Line(
        id=organization.pk,
        name=organization.name,
        slug=organization.slug,
        status=organization.status,
        standing=allowance.standing if allowance else "",
        enforcement=allowance.enforcement if allowance else "",
        plan=code,
        plan_name=plan.name if plan else code,
        is_older_version=is_older,
        billing_period=organization.billing_period or "",  # type: ignore[attr-defined]
        renews_at=organization.renews_at,  # type: ignore[attr-defined]
        cycle_end=allowance.cycle_ends_at if allowance else None,
        covered=covered,
        pool=pool,
        held=held,
        remaining=max(0, pool - covered),
        credit_minutes=credit,
        wallet=wallet.balance if wallet else Decimal(0),
        currency=organization.currency,
        margin=margin,
    )
