"""Puts the shipped catalogue in place: what is missing is made, what differs gets a new rate
card, what staff decided (activity, settings, provider ids) stays."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from accounts import settings_history
from accounts.models import Setting
from billing import catalogue
from billing.catalogue import CardTerms, PlanTerms
from billing.models import MinuteBundle, Plan
from metering.models import Rate, RateCard


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that was found, and mended unless it was a dry run."""

    what: str
    code: str
    detail: str


def load(*, now: datetime, dry_run: bool = False) -> list[Change]:
    """Return what differed from the shipped catalogue; a second call returns nothing."""
    with transaction.atomic():
        _wait_for_others()
        changes: list[Change] = []
        for order, terms in enumerate(catalogue.PLANS):
            changes += _plan(terms, order)
        changes += [*_bundles(), *_settings(now)]
        if dry_run:
            transaction.set_rollback(True)
    return changes


def _wait_for_others() -> None:
    """Machines that start together load one after another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('load_catalogue'))")


def _plan(terms: PlanTerms, order: int) -> Iterator[Change]:
    for code, card_terms in terms.other_cards.items():
        other, is_new = _card(code, card_terms)
        if is_new:
            yield Change("card", other.code, "made")
    card, changed = _card(terms.code, terms.card)
    plan = Plan.objects.filter(code=terms.code).first()
    wanted: dict[str, Any] = {
        "name": terms.name,
        "currency": terms.card.currency,
        "price_monthly": _decimal(terms.price_monthly),
        "price_yearly": _decimal(terms.price_yearly),
        "setup_fee": Decimal(terms.setup_fee),
        "monthly_wallet_grant": Decimal(terms.monthly_wallet_grant),
        "rate_card": card,
    }
    if plan is None:
        Plan.objects.create(
            code=terms.code, is_public=terms.is_public, order=10 * order, **wanted
        )
        yield Change("plan", terms.code, "made")
        return
    different = [name for name, value in wanted.items() if getattr(plan, name) != value]
    if different:
        for name in different:
            setattr(plan, name, wanted[name])
        plan.save(update_fields=different)
        detail = f"new terms in card {card.code}" if changed else ", ".join(different)
        yield Change("plan", terms.code, detail)


def _card(code: str, terms: CardTerms) -> tuple[RateCard, bool]:
    """Return the card with these terms, and whether it had to be made."""
    newest = _newest_card(code)
    if newest is not None and _terms_of(newest) == _normal(terms):
        return newest, False
    version = 1 if newest is None else int(newest.code.rsplit("-", 1)[1]) + 1
    return _make_card(code, version, terms), True


def _newest_card(code: str) -> RateCard | None:
    cards = RateCard.objects.filter(code__regex=rf"^{code}-[0-9]+$")
    return max(cards, key=lambda card: int(card.code.rsplit("-", 1)[1]), default=None)


def _make_card(code: str, version: int, terms: CardTerms) -> RateCard:
    first, step = terms.increment_seconds
    card = RateCard.objects.create(
        code=f"{code}-{version}",
        included_minutes=terms.included_minutes,
        when_exhausted=terms.when_exhausted,
        overage_limit_minutes=terms.overage_limit_minutes,
        postpaid_limit_amount=_decimal(terms.postpaid_limit_amount),
        increment_first_seconds=first,
        increment_step_seconds=step,
        currency=terms.currency,
    )
    Rate.objects.bulk_create(
        Rate(
            rate_card=card,
            meter=rate.meter,
            unit_price=_decimal(rate.unit_price),
            tiers=list(rate.tiers) or None,
            included_quantity=_decimal(rate.included_quantity),
        )
        for rate in terms.rates
    )
    return card


def _terms_of(card: RateCard) -> CardTerms:
    rates = card.rates.order_by("id")
    return CardTerms(
        when_exhausted=card.when_exhausted,
        currency=card.currency,
        included_minutes=card.included_minutes,
        overage_limit_minutes=card.overage_limit_minutes,
        postpaid_limit_amount=_text(card.postpaid_limit_amount),
        increment_seconds=(card.increment_first_seconds, card.increment_step_seconds),
        rates=tuple(
            catalogue.RateTerms(
                meter=rate.meter,
                unit_price=_text(rate.unit_price),
                tiers=tuple(rate.tiers or ()),
                included_quantity=_text(rate.included_quantity),
            )
            for rate in rates
        ),
    )


def _normal(terms: CardTerms) -> CardTerms:
    """The terms with their amounts written as the database's are read."""
    return replace(
        terms,
        postpaid_limit_amount=_text(_decimal(terms.postpaid_limit_amount)),
        rates=tuple(
            replace(
                rate,
                unit_price=_text(_decimal(rate.unit_price)),
                included_quantity=_text(_decimal(rate.included_quantity)),
            )
            for rate in terms.rates
        ),
    )


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


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(value: Decimal | None) -> str | None:
    """The decimal as the catalogue writes it, without the database's trailing zeros."""
    if value is None:
        return None
    return f"{value.normalize():f}"
