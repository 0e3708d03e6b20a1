"""Plans change by versions: a new one is sold from now on, and whoever has subscribed keeps
the terms, the card and the price they began with."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from billing import card_terms, catalogue, plans
from billing.catalogue import PlanTerms
from billing.errors import ChangedMeanwhile, CodeTaken, NotSold
from billing.models import Plan, PlanVersion
from metering.models import Rate

# What a provider has to be told of: until it is, the plan is not sold there.
_TOLD_TO_PROVIDERS = ("price_monthly", "price_yearly", "setup_fee", "overage")


def wait_for_others() -> None:
    """One after another change the catalogue, to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('load_catalogue'))")


def terms_of(plan: Plan) -> PlanTerms:
    """Return what a plan is sold on now."""
    return PlanTerms(
        code=plan.code,
        name=plan.name,
        card=card_terms.of_card(plan.rate_card),
        price_monthly=card_terms.text(plan.price_monthly),
        price_yearly=card_terms.text(plan.price_yearly),
        setup_fee=card_terms.text(plan.setup_fee) or "0",
        monthly_wallet_grant=card_terms.text(plan.monthly_wallet_grant) or "0",
        trial_days=plan.trial_days,
        trial_minutes=plan.trial_minutes,
    )


def number_of(plan: Plan) -> int:
    """Return which version is sold now, from 1 on."""
    newest = plan.versions.order_by("-number").values_list("number", flat=True).first()
    return newest or 1


def is_of_staff(plan: Plan) -> bool:
    """Whether staff wrote the terms that are sold now."""
    newest = plan.versions.order_by("-number").first()
    return newest is not None and not newest.is_shipped


def make(terms: PlanTerms, *, order: int) -> Plan:
    """Put a plan on sale that did not exist."""
    card, _ = card_terms.with_terms(terms.code, terms.card)
    return Plan.objects.create(
        code=terms.code,
        is_public=terms.is_public,
        order=order,
        rate_card=card,
        **_columns(terms),
    )


@transaction.atomic
def create(terms: PlanTerms, *, actor: Actor, now: datetime, reason: str) -> Plan:
    """Return a new plan that customers are not shown yet, with its first card; where its
    currency is new here, with the card that holds without a plan, too. The same one again is
    the one that is there. Raises `CodeTaken`.
    """
    wait_for_others()
    found = Plan.objects.select_related("rate_card").filter(code=terms.code).first()
    if found is not None:
        if differences(terms_of(found), terms):
            raise CodeTaken
        return found
    currency = terms.card.currency
    if currency not in plans.cards_without_plan():
        without = f"{plans.WITHOUT_PLAN}-{currency.lower()}"
        card_terms.with_terms(without, catalogue.nothing(currency))
    last = Plan.objects.aggregate(order=Max("order"))["order"] or 0
    plan = make(replace(terms, is_public=False), order=last + 10)
    _add(plan, 1, is_shipped=False, reason=reason, actor=actor, now=now)
    audit.record(
        organization=None,
        actor=actor,
        action="plan.made",
        detail={"plan": plan.code, "card": plan.rate_card.code, "reason": reason},
        now=now,
    )
    return plan


@transaction.atomic
def change(
    plan: Plan,
    terms: PlanTerms,
    *,
    actor: Actor,
    now: datetime,
    expected: int | None = None,
    reason: str = "",
) -> list[str]:
    """Sell a plan on other terms from now on; returns what differs in words, empty if nothing
    does. `expected` is the version that the terms were written over.

    Where a provider would charge another amount, the plan is not sold there until the
    provider's catalogue is synchronized. Raises `ChangedMeanwhile`.
    """
    wait_for_others()
    plan = Plan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan.pk)
    before = terms_of(plan)
    differing = differences(before, terms)
    if not differing:
        return []
    number = number_of(plan)
    if expected is not None and expected != number:
        raise ChangedMeanwhile
    _keep(plan, number)
    plan.rate_card, is_new = card_terms.with_terms(plan.code, terms.card)
    for name, value in _columns(terms).items():
        setattr(plan, name, value)
    if set(differing) & set(_TOLD_TO_PROVIDERS):
        plan.provider_ids = {}
    plan.save(update_fields=[*_columns(terms), "rate_card", "provider_ids"])
    is_shipped = not isinstance(actor, User)
    _add(plan, number + 1, is_shipped=is_shipped, reason=reason, actor=actor, now=now)
    audit.record(
        organization=None,
        actor=actor,
        action="plan.changed",
        detail={
            "plan": plan.code,
            "version": number + 1,
            "card": plan.rate_card.code,
            "changed": differing,
            "reason": reason,
        },
        now=now,
    )
    others = [name for name in differing if name in _columns(terms)]
    return ([f"new terms in card {plan.rate_card.code}"] if is_new else []) + others


def differences(before: PlanTerms, after: PlanTerms) -> list[str]:
    """Return the names of what differs; `overage` for the price a minute on such a plan."""
    old, new = _columns(before), _columns(after)
    names = [name for name in new if old[name] != new[name]]
    card = card_terms.normal(after.card)
    if before.card != card:
        names.append("rate_card")
    if _overage_of(before) != _overage_of(after):
        names.append("overage")
    return names


def offer(
    plan: Plan, *, is_active: bool, is_public: bool, actor: Actor, now: datetime
) -> bool:
    """Sell a plan or stop selling it, show it or hide it; False if it stands so already."""
    with transaction.atomic():
        wait_for_others()
        wanted = {"is_active": is_active, "is_public": is_public}
        changed = Plan.objects.filter(pk=plan.pk).exclude(**wanted).update(**wanted)
        if changed:
            audit.record(
                organization=None,
                actor=actor,
                action="plan.offered",
                detail={"plan": plan.code, **wanted},
                now=now,
            )
    return bool(changed)


def of_code(code: str) -> Plan:
    """Return a plan, also one that is not sold any more: who has it keeps it. Raises
    `NotSold` for one that never was."""
    found = Plan.objects.select_related("rate_card").filter(code=code).first()
    if found is None:
        raise NotSold(f"There is no plan {code!r}.")
    return found


def sold_as(plan: Plan, *, provider: str, price_id: str) -> "Plan | PlanVersion":
    """Return the terms that a provider's price stands for: those on sale, or an earlier
    version's, which somebody was just paying for."""
    if not price_id or price_id in plan.provider_ids.get(provider, {}).values():
        return plan
    for version in plan.versions.select_related("rate_card").order_by("-number"):
        if price_id in version.provider_ids.get(provider, {}).values():
            return version
    return plan


def with_card(card_id: Any) -> Q:
    """Plans that are, or ever were, sold with a card."""
    return Q(rate_card=card_id) | Q(versions__rate_card=card_id)


def _keep(plan: Plan, number: int) -> None:
    """Remember what providers called the prices that are sold no more."""
    version = plan.versions.filter(number=number).first()
    if version is None:
        version = _add(
            plan,
            number,
            is_shipped=True,
            reason="",
            actor="",
            now=plan.rate_card.created_at,
        )
    version.provider_ids = plan.provider_ids
    version.save(update_fields=["provider_ids"])


def _add(
    plan: Plan, number: int, *, is_shipped: bool, reason: str, actor: Actor, now: datetime
) -> PlanVersion:
    return PlanVersion.objects.create(
        plan=plan,
        number=number,
        rate_card=plan.rate_card,
        is_shipped=is_shipped,
        reason=reason,
        created_at=now,
        created_by=actor if isinstance(actor, User) else None,
        **{name: getattr(plan, name) for name in PlanVersion.TERMS},
    )


def _columns(terms: PlanTerms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "currency": terms.card.currency,
        "price_monthly": card_terms.decimal(terms.price_monthly),
        "price_yearly": card_terms.decimal(terms.price_yearly),
        "setup_fee": Decimal(terms.setup_fee),
        "trial_days": terms.trial_days,
        "trial_minutes": terms.trial_minutes,
        "monthly_wallet_grant": Decimal(terms.monthly_wallet_grant),
    }


def _overage_of(terms: PlanTerms) -> str | None:
    if terms.card.when_exhausted != "overage":
        return None
    voice = [rate for rate in terms.card.rates if rate.meter == Rate.Meter.VOICE_MINUTE]
    return card_terms.plain(voice[0].unit_price) if voice else None
