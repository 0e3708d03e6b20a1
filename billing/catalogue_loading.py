"""Puts the shipped catalogue in place: what is missing is made, what differs gets a new rate
card, what staff decided (terms, activity, settings, provider ids) stays."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import settings_history
from accounts.models import Setting
from billing import card_terms, catalogue, plan_versions
from billing.catalogue import PlanTerms
from billing.models import MinuteBundle, Plan


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that was found, and mended unless it was a dry run."""

    what: str
    code: str
    detail: str


def load(*, now: datetime, dry_run: bool = False) -> list[Change]:
    """Return what differed from the shipped catalogue; a second call returns nothing."""
    with transaction.atomic():
        plan_versions.wait_for_others()
        changes: list[Change] = []
        for order, terms in enumerate(catalogue.PLANS):
            changes += _plan(terms, order, now)
        changes += [*_bundles(), *_settings(now)]
        if dry_run:
            transaction.set_rollback(True)
    return changes


def _plan(terms: PlanTerms, order: int, now: datetime) -> Iterator[Change]:
    for code, other_terms in terms.other_cards.items():
        other, is_new = card_terms.with_terms(code, other_terms)
        if is_new:
            yield Change("card", other.code, "made")
    plan = Plan.objects.filter(code=terms.code).first()
    if plan is None:
        plan_versions.make(terms, order=10 * order)
        yield Change("plan", terms.code, "made")
        return
    if plan_versions.is_of_staff(plan):
        return
    changed = plan_versions.change(plan, terms, actor="load_catalogue", now=now)
    if changed:
        yield Change("plan", terms.code, ", ".join(changed))


def _bundles() -> Iterator[Change]:
    for currency in catalogue.BUNDLE_CURRENCIES:
        for order, minutes in enumerate(catalogue.BUNDLE_MINUTES):
            bundle, made = MinuteBundle.objects.get_or_create(
                minutes=minutes,
                currency=currency,
                defaults={
                    "code": f"minutes-{minutes}-{currency.lower()}",
                    "order": 10 * order,
                },
            )
            if made:
                yield Change("bundle", bundle.code, "made")


def _settings(now: datetime) -> Iterator[Change]:
    for key, value in catalogue.SETTINGS.items():
        if not Setting.objects.filter(key=key, organization=None).exists():
            settings_history.set_value(
                key, value, organization=None, actor="load_catalogue", now=now
            )
            yield Change("setting", key, str(value))
