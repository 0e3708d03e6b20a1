"""The daily letter to staff: what needs a look. Nothing to look at, no letter."""

from datetime import datetime, timedelta

from django.urls import reverse

from accounts.models import User
from billing import losses
from billing.letters import writing
from billing.letters.wording import Words
from billing.models import Discrepancy, Letter, PaymentEvent
from metering.models import Allowance, InboundMessage
from metering.verification import watching


def write_due(*, now: datetime) -> int:
    """Write to each member of staff, once per day in UTC; returns how many letters."""
    figures = _figures(now)
    if not figures:
        return 0
    total = sum(int(count) for _, count in figures)
    words = Words(
        subject="1 thing needs a look" if total == 1 else f"{total:,} things need a look",
        heading="What needs a look",
        paragraphs=("Found by the clock, and not settled yet.",),
        figures=tuple(figures),
        button="Open the overview",
        path=reverse("admin:index"),
        tone="warn",
    )
    day = writing.local_day(None, now=now)
    return sum(
        writing.write(
            Letter.Kind.STAFF_DIGEST,
            words,
            organization=None,
            address=address,
            about=f"{day}",
            now=now,
        )
        for address in User.objects.filter(is_staff=True, is_active=True)
        .exclude(email="")
        .values_list("email", flat=True)
    )


def _figures(now: datetime) -> list[tuple[str, str]]:
    counts = {
        "Open differences": Discrepancy.objects.filter(settled_at=None).count(),
        "Payment events that failed": PaymentEvent.objects.filter(
            state=PaymentEvent.State.PARKED
        ).count(),
        "Messages about calls that failed": InboundMessage.objects.filter(
            state=InboundMessage.State.PARKED
        ).count(),
        "Organizations past due": Allowance.objects.filter(
            standing=Allowance.Standing.PAST_DUE
        ).count(),
        "Letters that nobody took": Letter.objects.filter(
            state=Letter.State.REFUSED, created_at__gt=now - timedelta(days=4)
        )
        .exclude(error__startswith="Withdrawn")
        .count(),
    }
    if (check := watching.last()) and check.findings_count:
        counts["Rows that break the books"] = check.findings_count
    lost = losses.find(now=now)
    counts |= {
        "Organizations that cost more than they paid": lost.organizations,
        "Agents that cost more than was paid for them": lost.agents,
        "Calls of the last day that cost more than they brought": lost.calls,
    }
    return [(label, str(count)) for label, count in counts.items() if count]
