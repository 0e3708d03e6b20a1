"""What processing stored payment events again would change, before anybody does it."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Organization
from billing.handlers import acting
from billing.models import Payment, PaymentEvent, Purchase, Subscription, TopUp
from billing.providers import registry
from billing.subscriptions.transitions import generation_of
from metering.calls.rehearsal import Change, Rehearsed
from metering.models import Allowance, Wallet
from servicebilling.lib import retrying

# Each asks its provider while somebody waits.
AT_ONCE_MAX = 5
# What is an amount of money.
AMOUNTS = ("wallet",)

log = logging.getLogger(__name__)


def rehearse(event_ids: Iterable[int], *, now: datetime) -> Iterator[Rehearsed]:
    """Fetch what each event is about, apply it, say what changed, and undo it. The provider
    is asked outside of any transaction, as in earnest."""
    for row in PaymentEvent.objects.filter(pk__in=list(event_ids)).order_by("pk"):
        try:
            yield _rehearse(row, now)
        except Exception as error:
            log.info("payment event %s cannot be rehearsed: %s", row.external_id, error)
            yield Rehearsed(
                message_id=row.pk,
                provider_call_id=row.external_id,
                outcome="failed",
                error=retrying.told(error),
                changes=(),
            )


def _rehearse(row: PaymentEvent, now: datetime) -> Rehearsed:
    provider = registry.get(row.provider)
    subject = provider.subject(row.kind, row.body)
    generation = generation_of(row.provider, subject) if subject else 0
    fetched = provider.fetch(row.kind, row.body)
    with transaction.atomic():
        organization, note = acting.act(
            fetched, provider=row.provider, generation=generation, now=now
        )
        after = _standing(organization)
        transaction.set_rollback(True)
    before = _standing(organization)
    return Rehearsed(
        message_id=row.pk,
        provider_call_id=row.external_id,
        outcome=note or ("processed" if fetched.facts else "ignored"),
        error="",
        changes=tuple(
            Change(name, before.get(name), after.get(name))
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        ),
    )


def _standing(organization: Organization | None) -> dict[str, Any]:
    """Return the figures that an event can move, by name."""
    if organization is None:
        return {}
    found: dict[str, Any] = {}
    allowance = Allowance.objects.filter(organization=organization).first()
    if allowance is not None:
        found |= {
            "credit minutes": allowance.credit_minutes,
            "plan minutes": allowance.plan_minutes,
            "standing": allowance.standing,
            "paid until": allowance.rolls_until,
        }
    wallet = Wallet.objects.filter(organization=organization).first()
    if wallet is not None:
        found["wallet"] = wallet.balance
    rows = Subscription.objects.filter(organization=organization).order_by("-created_at")
    if (subscription := rows.first()) is not None:
        found |= {
            "subscription": subscription.status,
            "period ends": subscription.period_ends_at,
        }
    mine = {"organization": organization}
    return found | {
        "payments": Payment.objects.filter(**mine).count(),
        "purchases fulfilled": Purchase.objects.filter(
            **mine, state=Purchase.State.FULFILLED
        ).count(),
        "top-ups credited": TopUp.objects.filter(
            **mine, state=TopUp.State.CREDITED
        ).count(),
    }
