"""Letters about payments: received, failed, overdue, and a card that is asked no more."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast

from accounts.models import Organization
from billing.invoices import overdue
from billing.letters import opting_out, run_outs, writing
from billing.letters.wording import Words
from billing.models import (
    AutoTopUpPause,
    Document,
    Letter,
    Subscription,
    SubscriptionStatus,
)
from billing.subscriptions.standing import GRACE
from servicebilling.lib import money

# What came in bulk or from long ago is not news.
RECEIPT_WITHIN = timedelta(days=2)
FAILURE_WITHIN = timedelta(days=7)


def write_failed(*, now: datetime) -> int:
    """Write about renewals that failed, once per failure; returns how many."""
    failed = Subscription.objects.filter(
        status__in=[SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID],
        past_due_since__gt=now - FAILURE_WITHIN,
    ).select_related("organization", "plan")
    written = 0
    for one in failed:
        since = one.past_due_since or now
        about = f"{one.pk} since {since:%Y-%m-%dT%H:%M:%S}"
        if not _is_told(Letter.Kind.PAYMENT_FAILED, one.organization, about):
            written += writing.write(
                Letter.Kind.PAYMENT_FAILED,
                _failed_words(one, since + GRACE, now),
                organization=one.organization,
                about=about,
                now=now,
            )
    return written


def write_overdue(*, now: datetime) -> int:
    """Write about invoices of ours that are overdue, once each; returns how many."""
    late = _untold(Letter.Kind.PAYMENT_FAILED).filter(
        pk__in=overdue.since(now).values("pk"),
        due_at__gt=now - FAILURE_WITHIN,
    )
    return sum(
        writing.write(
            Letter.Kind.PAYMENT_FAILED,
            Words(
                subject=f"Invoice {one.number} of {one.organization.name} is overdue",
                heading="An invoice is overdue",
                paragraphs=("New calls are refused until it is paid.",),
                figures=(
                    ("Invoice", one.number),
                    ("Amount", money.shown(one.total, one.currency)),
                    ("Was due", _day(one.due_at or now, one.organization)),
                ),
                button="Pay the invoice",
                path=one.url or writing.place("website:billing", one.organization),
                tone="bad",
            ),
            organization=one.organization,
            about=str(one.pk),
            now=now,
        )
        for one in late.select_related("organization")
    )


def write_receipts(*, now: datetime) -> int:
    """Write that a payment arrived, once per receipt or paid invoice; returns how many."""
    paid = _untold(Letter.Kind.RECEIPT).filter(
        kind__in=[Document.Kind.RECEIPT, Document.Kind.INVOICE],
        state=Document.State.PAID,
        paid_at__gt=now - RECEIPT_WITHIN,
        total__gt=0,
    )
    return sum(
        writing.write(
            Letter.Kind.RECEIPT,
            _receipt_words(one, now),
            organization=one.organization,
            about=str(one.pk),
            now=now,
        )
        for one in paid.select_related("organization")
        if opting_out.is_wanted(Letter.Kind.RECEIPT, one.organization, now=now)
    )


def write_pauses(*, now: datetime) -> int:
    """Write that an automatic top-up was declined too often; returns how many."""
    written = 0
    for pause in AutoTopUpPause.objects.filter(told_at=None).select_related(
        "organization", "top_up"
    ):
        with transaction.atomic():
            written += _write_pause(pause, now)
            pause.told_at = now
            pause.save(update_fields=["told_at"])
    return written


def _untold(kind: str) -> QuerySet[Document]:
    told = Letter.objects.filter(kind=kind, about=Cast(OuterRef("pk"), CharField()))
    return Document.objects.filter(~Exists(told))


def _is_told(kind: str, organization: Organization, about: str) -> bool:
    return Letter.objects.filter(organization=organization, kind=kind, about=about).exists()


def _failed_words(subscription: Subscription, until: datetime, now: datetime) -> Words:
    organization = subscription.organization
    end = _day(until, organization)
    then = (
        f"Calls go on until {end}; after that they are refused until the payment arrives."
        if now < until
        else "New calls are refused until it arrives."
    )
    return Words(
        subject=f"A payment of {organization.name} did not go through",
        heading="Your payment did not go through",
        paragraphs=(f"The renewal of {subscription.plan.name} could not be paid.", then),
        figures=(
            ("Amount", money.shown(subscription.price, subscription.currency)),
            *run_outs.projected(organization, now=now),
        ),
        button="Settle the payment",
        path=subscription.action_url or writing.place("website:billing", organization),
        tone="bad",
    )


def _receipt_words(document: Document, now: datetime) -> Words:
    organization, currency = document.organization, document.currency
    figures = [
        (line["text"], money.shown(money.amount(str(line["amount"])), currency))
        for line in document.lines[:10]
    ]
    if document.tax:
        figures.append(("Tax", money.shown(document.tax, currency)))
    figures.append(("Paid", money.shown(document.total, currency)))
    figures.append(("On", _day(document.paid_at or now, organization)))
    name = f" {document.number}" if document.number else ""
    return Words(
        subject=f"Payment received from {organization.name}",
        heading="Thank you for your payment",
        paragraphs=(f"This is for your {document.kind}{name}.",),
        figures=tuple(figures),
        button=f"Open the {document.kind}" if document.url else "See your payments",
        path=document.url or writing.place("website:billing-history", organization),
        tone="good",
    )


def _write_pause(pause: AutoTopUpPause, now: datetime) -> bool:
    organization = pause.organization
    amount = money.shown(pause.top_up.amount, pause.top_up.currency)
    card = pause.card_label or "Your card"
    return writing.write(
        Letter.Kind.TOP_UP_PAUSED,
        Words(
            subject=f"Automatic top-up of {organization.name} is paused",
            heading="Automatic top-up is paused",
            paragraphs=(
                f"{card} was declined {pause.declines} times in a row. It is not charged"
                " again until you turn automatic top-up on.",
                "Calls go on as long as there is money in the wallet.",
            ),
            figures=(
                ("Amount that was asked for", amount),
                *run_outs.projected(organization, now=now),
            ),
            button="Add funds",
            path=writing.place("website:billing", organization),
            tone="bad",
        ),
        organization=organization,
        about=str(pause.pk),
        now=now,
    )


def _day(moment: datetime, organization: Organization) -> str:
    return f"{moment.astimezone(ZoneInfo(organization.timezone)):%-d %B %Y}"
