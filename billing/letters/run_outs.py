"""How long what is left lasts, as a figure of a letter."""

from datetime import datetime

from accounts.models import Organization
from metering.errors import NoBalances
from metering.usage import outlook, reports
from metering.usage.forecast import RunOut


def projected(organization: Organization, *, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return the day on which minutes or money are expected to end; nothing where the cycle
    renews before it, or too little was used to tell."""
    try:
        report = reports.usage_this_cycle(organization, now=now)
    except NoBalances:
        return ()
    return figure(outlook.outlook_of(organization, report, now=now).projected)


def figure(run_out: RunOut | None) -> tuple[tuple[str, str], ...]:
    if run_out is None:
        return ()
    return (("Expected to last until", f"{run_out.likely:%-d %B %Y}"),)
