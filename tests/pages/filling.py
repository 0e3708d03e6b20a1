"""An organization that has something on every page, with names as long as names may be."""

from datetime import datetime, timedelta
from decimal import Decimal

from accounts import api_keys, invitations
from accounts.models import Organization, User
from billing import catalogue_loading
from billing.models import MinuteBundle, Plan, Purchase, Subscription, TopUp
from metering.balances import cycles
from tests.pages import stories
from tests.pages.samples import Cast

_WORDS = 'Zahnärzte "Süd" & <script>alert(1)</script> عيادة الأسنان 🦷歯科'
# With a part that no browser can break, to the longest that an organization may be called.
HOSTILE_NAME = f"{_WORDS} {'W' * 90} ".ljust(200, "—")[:200]
ZONE = "America/Argentina/ComodRivadavia"


def fill(cast: Cast, *, now: datetime) -> Cast:
    """Give the first organization a plan, calls of every kind, a key, an invitation, purchases
    in every state, and the longest names; return the cast."""
    catalogue_loading.load(now=now)
    organization, owner = cast.organization, cast.people["owner"]
    _subscribe(organization, now=now)
    _talk(organization, now=now)
    _try_to_buy(organization, now=now)
    invitations.invite(
        organization,
        email=f"{'long' * 15}@{'domain' * 8}.example",
        role="member",
        invited_by=owner,
        now=now,
    )
    api_keys.issue(
        organization=organization,
        name="K" * 50,
        scopes=["admin"],
        expires_at=None,
        actor="test",
        now=now,
    )
    Organization.objects.filter(pk=organization.pk).update(name=HOSTILE_NAME, timezone=ZONE)
    User.objects.filter(pk=owner.pk).update(name=HOSTILE_NAME[:150])
    return cast


def _subscribe(organization: Organization, *, now: datetime) -> None:
    plan = Plan.objects.get(code="hybrid")
    Subscription.objects.create(
        organization=organization,
        plan=plan,
        rate_card=plan.rate_card,
        price="49",
        currency=organization.currency,
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        period_ends_at=now + timedelta(days=20),
        created_at=now,
    )
    cycles.change_card(organization_id=organization.pk, card_id=plan.rate_card_id, now=now)


def _talk(organization: Organization, *, now: datetime) -> None:
    number = stories.number_of(organization, now=now)
    number.agent.name = HOSTILE_NAME[:120]
    number.agent.save()
    stories.talk(number, at=now - timedelta(seconds=400), seconds=145)
    stories.talk(stories.number_of(organization, now=now), at=now, seconds=60)
    stories.talk(number, at=now - timedelta(seconds=300), seconds=None)
    stories.talk(number, at=now - timedelta(seconds=200), seconds=30, direction="web")
    stories.ring(number, at=now - timedelta(seconds=10), direction="outbound")
    cycles.set_standing(organization_id=organization.pk, standing="past_due", now=now)
    stories.ring(number, at=now)
    cycles.set_standing(organization_id=organization.pk, standing="good", now=now)


def _try_to_buy(organization: Organization, *, now: datetime) -> None:
    common = {"organization": organization, "currency": organization.currency}
    common |= {"provider": "stripe", "created_at": now}
    bundle = MinuteBundle.objects.first()
    Purchase.objects.create(
        bundle=bundle,
        minutes=50,
        base_minute_cost=Decimal("0.1"),
        markup_percent=1,
        price=Decimal(5),
        **common,
    )
    TopUp.objects.create(amount=Decimal(20), **common)
