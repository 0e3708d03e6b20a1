"""Letters that all minutes, or all money, are gone, and that calls are answered again."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef
from django.db.models.functions import Cast

from accounts.models import Organization
from billing.letters import opting_out, writing
from billing.letters.wording import Words, minutes
from billing.models import Letter
from metering.models import Allowance, Notice
from metering.usage import reports
from metering.usage.reports import CycleReport
from servicebilling.lib import money

# Older news is no news: the page has said it for days.
TOLD_WITHIN = timedelta(days=2)
BACK_WITHIN = timedelta(days=35)

State = Letter.State


def write_gone(*, now: datetime) -> int:
    """Write to those whose minutes or wallet have run out, if it is still so; returns how
    many. Of several times the last counts: who was refilled in between needs one letter."""
    newest = (
        Notice.objects.filter(is_gone=True, created_at__gt=now - TOLD_WITHIN)
        .order_by("organization_id", "-created_at", "-id")
        .distinct("organization_id")
    )
    told = Letter.objects.filter(
        kind=Letter.Kind.MINUTES_GONE, about=Cast(OuterRef("pk"), CharField())
    )
    untold = Notice.objects.filter(~Exists(told), pk__in=newest.values("pk"))
    return sum(_write_gone(one, now) for one in untold.select_related("organization"))


def write_back(*, now: datetime) -> int:
    """Write to those who were told that calls are refused, now that they are not; returns
    how many. A bad letter that never went out is withdrawn instead."""
    told = Letter.objects.filter(
        kind=Letter.Kind.BACK_IN_SERVICE,
        organization=OuterRef("organization"),
        about=OuterRef("about"),
    )
    newest = (
        Letter.objects.filter(
            kind=Letter.Kind.MINUTES_GONE, created_at__gt=now - BACK_WITHIN
        )
        .exclude(state=State.REFUSED)
        .order_by("organization_id", "-id")
        .distinct("organization_id")
    )
    gone = Letter.objects.filter(
        ~Exists(told),
        pk__in=newest.values("pk"),
        words__tone="bad",
        organization__status="active",
        organization__allowance__minutes_ceiling__gt=F(
            "organization__allowance__minutes_held"
        ),
        organization__allowance__standing__in=[
            Allowance.Standing.GOOD,
            Allowance.Standing.GRACE,
        ],
    )
    return sum(_write_back(one, now) for one in gone.select_related("organization"))


def _write_gone(notice: Notice, now: datetime) -> bool:
    report = reports.usage_this_cycle(notice.organization, now=now)
    if report.enforcement == Allowance.Enforcement.SHADOW:
        # No call is refused. Once the limits are enforced, the letter is written after all.
        return False
    if _is_left(notice, report):
        return False
    return writing.write(
        Letter.Kind.MINUTES_GONE,
        gone_words(notice, report),
        organization=notice.organization,
        about=str(notice.pk),
        cycle_id=notice.cycle_id,
        now=now,
    )


def _is_left(notice: Notice, report: CycleReport) -> bool:
    """Return whether there is some again of what was gone."""
    match notice.kind:
        case Notice.Kind.WALLET_LEFT:
            return report.wallet_balance > 0
        case Notice.Kind.OVERAGE_LEFT | Notice.Kind.POSTPAID_USED:
            return report.minutes_ceiling > 0
        case _:
            return report.minutes_remaining > 0


def gone_words(notice: Notice, report: CycleReport) -> Words:
    """Return what the letter says: calls are refused, or something else pays for them."""
    organization = notice.organization
    billing = writing.place("website:billing", organization)
    if notice.kind == Notice.Kind.WALLET_LEFT:
        return Words(
            subject=f"The wallet of {organization.name} is empty",
            heading="Your wallet is empty",
            paragraphs=("Calls are refused until there is money to pay for them.",),
            button="Add funds",
            path=billing,
            tone="bad",
        )
    figures = (("Used in this cycle", minutes(report.minutes_used_this_cycle)),)
    if report.minutes_ceiling > 0:
        return Words(
            subject=f"The included minutes of {organization.name} are used up",
            heading="Your included minutes are used up",
            paragraphs=(_paid_by(report),),
            figures=figures,
            button="Buy minutes",
            path=billing,
            tone="warn",
        )
    if report.when_exhausted == "postpaid":
        return _limit_reached(organization, report)
    if notice.kind == Notice.Kind.OVERAGE_LEFT:
        limit = minutes(report.overage_limit_minutes or 0)
        return Words(
            subject=f"The overage limit of {organization.name} is reached",
            heading="Your overage limit is reached",
            paragraphs=(
                "Calls are refused until minutes are added, a cap of your own is raised, or "
                "the next cycle begins.",
            ),
            figures=(*figures, ("Limit of overage", limit)),
            button="Look at the limit",
            path=writing.place("website:alerts", organization),
            tone="bad",
        )
    return Words(
        subject=f"{organization.name} has no minutes left",
        heading="Your minutes are gone",
        paragraphs=(
            "Calls are refused until minutes are added, or until the next cycle begins.",
        ),
        figures=(*figures, ("Next cycle begins", _day(report.cycle_end, organization))),
        button="Buy minutes",
        path=billing,
        tone="bad",
    )


def _limit_reached(organization: Organization, report: CycleReport) -> Words:
    begins = _day(report.cycle_end, organization)
    return Words(
        subject=f"The credit limit of {organization.name} is reached",
        heading="Your credit limit is reached",
        paragraphs=(
            f"Calls are refused until the next cycle begins on {begins}, or until minutes "
            "are bought: those are used at once, and paid by card.",
            "For a higher limit, answer this letter.",
        ),
        figures=(
            ("On this cycle's invoice", _amount(report.amount_invoiced, report)),
            ("Credit limit", _amount(report.postpaid_limit_amount or Decimal(0), report)),
        ),
        button="Buy minutes",
        path=writing.place("website:billing", organization),
        tone="bad",
    )


def _amount(amount: Decimal, report: CycleReport) -> str:
    return money.shown(money.rounded(amount, report.currency), report.currency)


def _day(moment: datetime, organization: Organization) -> str:
    return f"{moment.astimezone(ZoneInfo(organization.timezone)):%-d %B %Y}"


def _paid_by(report: CycleReport) -> str:
    match report.when_exhausted:
        case "overage":
            left = minutes(report.overage_minutes_left)
            return f"Calls go on: each further minute is charged as overage, up to {left}."
        case "wallet":
            left = _amount(report.wallet_balance, report)
            return f"Calls go on: the wallet pays for them. It holds {left}."
        case "postpaid":
            return "Calls go on: they are charged to your next invoice."
    left = minutes(report.minutes_ceiling)
    return (
        f"Calls go on for {left} that are lent to you; the next minutes repay them first."
    )


@transaction.atomic
def _write_back(gone: Letter, now: datetime) -> bool:
    same = Letter.objects.filter(
        organization=gone.organization_id, kind=gone.kind, about=gone.about
    )
    same.filter(state=State.WAITING, attempts=0).update(
        state=State.REFUSED,
        next_attempt_at=None,
        error="Withdrawn: it was no longer true before a mail server took it.",
    )
    if not same.exclude(state=State.REFUSED).exists():
        return False
    organization = gone.organization
    if organization is None or not opting_out.is_wanted(
        Letter.Kind.BACK_IN_SERVICE, organization, now=now
    ):
        return False
    report = reports.usage_this_cycle(organization, now=now)
    figures = []
    if report.when_exhausted == "postpaid":
        limit_left = _amount(report.postpaid_amount_left, report)
        figures.append(("Left of the credit limit", limit_left))
    if report.minutes_remaining or not figures:
        figures.append(("Minutes left", f"{report.minutes_remaining:,}"))
    if report.wallet_balance:
        figures.append(("Wallet", _amount(report.wallet_balance, report)))
    return writing.write(
        Letter.Kind.BACK_IN_SERVICE,
        Words(
            subject=f"Calls to {organization.name} are answered again",
            heading="You are back in service",
            paragraphs=("Calls are answered again. There is nothing you need to do.",),
            figures=tuple(figures),
            button="See your usage",
            path=writing.place("website:dashboard", organization),
            tone="good",
        ),
        organization=organization,
        about=gone.about,
        now=now,
    )
