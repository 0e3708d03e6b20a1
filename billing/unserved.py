"""Money that came and serves nobody: it is kept in the books, and staff are told to give it
back or to say why not."""

from datetime import datetime

from accounts.models import Organization
from billing import discrepancies
from billing.models import Discrepancy, Payment
from servicebilling.lib import money


def notice(payment: Payment, *, because: str, now: datetime) -> None:
    """Open a difference for staff; `because` says in words why nothing is served."""
    discrepancies.open_one(
        kind=Discrepancy.Kind.PAID_FOR_NOTHING,
        provider=payment.provider,
        subject=payment.provider_payment_id,
        organization_id=payment.organization_id,
        ours=because,
        theirs=f"{money.shown(payment.amount + payment.tax, payment.currency)} paid on"
        f" {payment.paid_at:%Y-%m-%d}",
        now=now,
    )


def notice_if_closed(payment: Payment, *, now: datetime) -> None:
    """A page that was opened before an organization was closed can still be paid on."""
    if payment.organization.status == Organization.Status.CLOSED:
        notice(payment, because="the organization is closed", now=now)
