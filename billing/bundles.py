"""Bundles on sale: made once per size and currency, offered or not. Their price follows from
base cost and markup of the day."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from billing import plan_versions
from billing.models import MinuteBundle


@transaction.atomic
def make(
    *, minutes: int, currency: str, actor: Actor, now: datetime, is_active: bool = True
) -> bool:
    """Put a size on sale, or only make it; False if that size is known in this currency
    already."""
    plan_versions.wait_for_others()
    code = f"minutes-{minutes}-{currency.lower()}"
    _, is_new = MinuteBundle.objects.get_or_create(
        minutes=minutes,
        currency=currency,
        defaults={"code": code, "order": minutes, "is_active": is_active},
    )
    if is_new:
        _trace("bundle.made", code, {"is_active": is_active}, actor, now)
    return is_new


@transaction.atomic
def offer(bundle: MinuteBundle, *, is_active: bool, actor: Actor, now: datetime) -> bool:
    """Sell it or stop selling it; False if it stands so already. What is being bought goes
    on."""
    rows = MinuteBundle.objects.filter(pk=bundle.pk).exclude(is_active=is_active)
    changed = bool(rows.update(is_active=is_active))
    if changed:
        _trace("bundle.offered", bundle.code, {"is_active": is_active}, actor, now)
    return changed


def _trace(
    action: str, code: str, detail: dict[str, bool], actor: Actor, now: datetime
) -> None:
    audit.record(
        organization=None,
        actor=actor,
        action=action,
        detail={"bundle": code, **detail},
        now=now,
    )
