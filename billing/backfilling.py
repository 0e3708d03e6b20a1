"""Wallets for organizations that were made before there were any."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import audit
from accounts.models import Organization
from billing import plans
from billing.models import Plan
from metering.balances import cycles, ledger
from metering.models import RateCard

PLAN = "free-legacy"


def run(
    *,
    welcome_bonus: Decimal,
    dry_run: bool,
    now: datetime,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Return the slugs of those that got a wallet (or would, in a dry run).

    Each is done by itself, so what was done stays done when a later one fails. A currency
    that the plan is not priced in gets what is in force without a plan. Raises `NotSold`
    without a catalogue, and `OtherCurrency` for a currency that nothing is sold in.
    """
    plan = plans.get(PLAN)
    missing = list(
        Organization.objects.filter(wallet__isnull=True).order_by("created_at", "pk")
    )
    if not dry_run:
        for number, organization in enumerate(missing, start=1):
            _open(organization, plan, welcome_bonus, now)
            show(number, len(missing))
    return [organization.slug for organization in missing]


@transaction.atomic
def _open(organization: Organization, plan: Plan, bonus: Decimal, now: datetime) -> None:
    locked = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if Organization.objects.filter(pk=locked.pk, wallet__isnull=False).exists():
        return
    cycles.begin(organization_id=locked.pk, card_id=_card(locked, plan).pk, now=now)
    if bonus:
        ledger.move_money(
            organization_id=locked.pk,
            amount=bonus,
            kind="bonus",
            reference="welcome_bonus",
            reason="Welcome bonus",
            now=now,
        )
    audit.record(
        organization=locked,
        actor="command backfill_wallets",
        action="wallet.opened",
        detail={"plan": plan.code, "bonus": str(bonus)},
        now=now,
    )


def _card(organization: Organization, plan: Plan) -> RateCard:
    if organization.currency == plan.currency:
        return plan.rate_card
    return plans.card_without_plan(organization.currency)
