"""All that the billing page shows of an organization at one moment."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.template.defaultfilters import date as written
from django.utils import timezone

from accounts.models import Organization
from billing import purchase_reports, reports
from billing.documents import reports as documents
from billing.documents.reports import DocumentRow
from billing.providers import registry
from billing.purchase_reports import PaymentLine
from billing.topups import starting as topups
from billing.topups.starting import Bounds
from metering.usage import reports as usage_reports
from metering.usage import statements
from metering.usage.reports import CycleReport
from metering.usage.statements import WalletLine
from servicebilling.lib.money import rounded
from servicebilling.website import banners, plan_card, usage_bar
from servicebilling.website.banners import Banner
from servicebilling.website.plan_card import PlanCard
from servicebilling.website.usage_bar import UsageBar

MOVEMENTS_SHOWN = 5
DOCUMENTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BundleTile:
    code: str
    minutes: int
    price: Decimal
    # Rounded to what can be paid.
    price_per_minute: Decimal
    currency: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class BillingPage:
    cycle: CycleReport
    bar: UsageBar
    banner: Banner
    plan: PlanCard
    bundles: tuple[BundleTile, ...]
    movements: tuple[WalletLine, ...]
    payments: tuple[PaymentLine, ...]
    documents: tuple[DocumentRow, ...]
    top_up: Bounds
    # Names of the providers that take money here; none: nothing can be paid.
    providers: tuple[str, ...]
    # Whether there is a page of the provider for cards and invoices.
    has_portal: bool


def of(organization: Organization, *, now: datetime) -> BillingPage:
    """Return the page. Raises `NoBalances`."""
    cycle = usage_reports.usage_this_cycle(organization, now=now)
    subscription = reports.subscription_of(organization)
    offers = reports.bundles_on_offer(organization, now=now)
    providers = tuple(registry.offered_for(organization.currency))
    return BillingPage(
        cycle=cycle,
        bar=usage_bar.of_cycle(cycle),
        banner=banners.of_organization(cycle, status=organization.status, day=_day),
        plan=plan_card.of(organization, cycle, subscription),
        bundles=tuple(
            BundleTile(
                code=offer.code,
                minutes=offer.minutes,
                price=offer.price,
                price_per_minute=rounded(offer.price / offer.minutes, offer.currency),
                currency=offer.currency,
                is_first=number == 0,
            )
            for number, offer in enumerate(offers)
        ),
        movements=statements.of_wallet(organization, limit=MOVEMENTS_SHOWN).lines,
        payments=tuple(purchase_reports.newest_payments(organization)),
        documents=tuple(documents.documents_of(organization, limit=DOCUMENTS_SHOWN)),
        top_up=topups.bounds(organization.currency, now=now),
        providers=providers,
        has_portal="stripe" in providers and bool(organization.stripe_customer_id),
    )


def _day(moment: datetime) -> str:
    return written(timezone.localtime(moment), "j F")
