"""Putting a plan in force for an organization: its currency, its card, its first cycle."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organization
from billing.models import Plan
from metering.balances import cycles
from metering.models import Allowance

WITHOUT_PLAN = "none"


class UnknownPlan(Exception):
    """There is no active plan of that code; the message is for people."""


def get(code: str) -> Plan:
    """Return an active plan. Raises `UnknownPlan`, naming those that exist."""
    plan = (
        Plan.objects.select_related("rate_card").filter(code=code, is_active=True).first()
    )
    if plan is None:
        known = ", ".join(
            Plan.objects.filter(is_active=True).values_list("code", flat=True)
        )
        raise UnknownPlan(
            f"There is no plan {code!r}. "
            + (f"Known plans: {known}." if known else "Run load_catalogue first.")
        )
    return plan


@transaction.atomic
def open_organization(*, organization: Organization, plan: Plan, now: datetime) -> None:
    """Give a new organization its balances on the plan's terms, in the plan's currency.

    The plan is in force without an end: whoever calls this vouches for it.
    """
    if organization.currency != plan.currency:
        organization.currency = plan.currency
        organization.save(update_fields=["currency"])
    is_none = plan.code == WITHOUT_PLAN
    cycles.begin(
        organization_id=organization.pk,
        card_id=plan.rate_card_id,
        now=now,
        standing=Allowance.Standing.NO_PLAN if is_none else Allowance.Standing.GOOD,
    )
