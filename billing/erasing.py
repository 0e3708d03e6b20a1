"""Erasing personal data of an organization: asked for, taken back, done when it is due.

What says who somebody is goes for good, in every table; amounts, minutes, times and the
numbers of documents stay, so ledgers add up as before. Two things stay on purpose: issued
documents keep whom they were issued to, because tax law wants them unchanged for years, and
the words that our staff wrote as reasons beside a booking.
"""

import logging
import re
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit, organizations
from accounts import erasing as accounts_erasing
from accounts.audit import Actor
from accounts.errors import ErasedAlready, InvalidDetail, NotClosed, OnlyTheOwner
from accounts.models import Organization, User
from billing.models import (
    AutoTopUp,
    AutoTopUpPause,
    BillingDetails,
    BouncedAddress,
    Erasure,
    Letter,
    LetterChoice,
    PaymentEvent,
    PlanCheckout,
    Subscription,
    ToldCustomer,
)
from metering import erasing as metering_erasing

GRACE = timedelta(days=30)

log = logging.getLogger(__name__)
_is_e164 = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII).fullmatch


@transaction.atomic
def ask(organization: Organization, *, actor: User, now: datetime) -> Erasure:
    """Have a closed organization erased after the grace; asked again, the same one.

    Raises OnlyTheOwner, NotClosed.
    """
    locked = _locked_for_owner(organization, actor)
    if locked.status != Organization.Status.CLOSED:
        raise NotClosed
    made, is_new = Erasure.objects.get_or_create(
        organization=locked,
        withdrawn_at=None,
        defaults={"requested_by": actor, "requested_at": now, "due_at": now + GRACE},
    )
    if is_new:
        _note(locked, actor, "erasure.requested", now, due_at=made.due_at)
    return made


@transaction.atomic
def withdraw(organization: Organization, *, actor: User, now: datetime) -> None:
    """Take the wish back while nothing is erased yet; quiet if there is none.

    Raises OnlyTheOwner, ErasedAlready.
    """
    locked = _locked_for_owner(organization, actor)
    asked = of(locked)
    if asked is None:
        return
    if asked.done_at:
        raise ErasedAlready
    asked.withdrawn_at = now
    asked.save(update_fields=["withdrawn_at"])
    _note(locked, actor, "erasure.withdrawn", now)


def of(organization: Organization) -> Erasure | None:
    """Return what was asked for and not taken back, done or not."""
    return Erasure.objects.filter(organization=organization, withdrawn_at=None).first()


def run_due(*, now: datetime) -> int:
    """Erase the organizations whose grace is over; returns how many."""
    due = Erasure.objects.filter(withdrawn_at=None, done_at=None, due_at__lte=now)
    done = 0
    for asked in due.select_related("organization").order_by("due_at")[:50]:
        try:
            erase(asked.organization, actor="beat", now=now)
            done += 1
        except Exception:
            log.exception("an organization could not be erased (%s)", asked.pk)
    return done


@transaction.atomic
def erase(organization: Organization, *, actor: Actor, now: datetime) -> dict[str, int]:
    """Erase a closed organization's personal data at once; returns how many rows of what.

    Erased again, what came meanwhile (a late report) goes as well. Raises NotClosed.
    """
    locked = accounts_erasing.erase_organization(organization, now=now)
    counts = metering_erasing.erase_organization(locked, now=now) | _erase_billing(
        locked, now
    )
    Erasure.objects.get_or_create(
        organization=locked,
        withdrawn_at=None,
        defaults={"requested_at": now, "due_at": now},
    )
    Erasure.objects.filter(organization=locked, withdrawn_at=None, done_at=None).update(
        done_at=now
    )
    _note(locked, actor, "organization.erased", now, **counts)
    return counts


@transaction.atomic
def erase_caller(
    organization: Organization, *, number: str, actor: Actor, now: datetime
) -> dict[str, int]:
    """Erase one caller from an organization's calls; returns how many rows of what.

    The trail says that it was done, not whom. Raises InvalidDetail.
    """
    e164 = re.sub(r"[\s()/.-]", "", number)
    if not _is_e164(e164):
        raise InvalidDetail(
            "A number begins with + and the country, such as +49 30 1234567."
        )
    counts = metering_erasing.erase_caller(organization, e164=e164)
    _note(organization, actor, "caller.erased", now, **counts)
    return counts


@transaction.atomic
def erase_person(user: User, *, actor: Actor, now: datetime) -> dict[str, int]:
    """Erase a person, and the letters to them; returns how many rows of what.

    Where an organization's bills go to their address, that stays the organization's to
    change. Raises `accounts.errors.StillOwns`.
    """
    address = user.email
    accounts_erasing.erase_person(user, actor=actor, now=now)
    LetterChoice.objects.filter(address=address).delete()
    BouncedAddress.objects.filter(address=address).delete()
    letters = Letter.objects.filter(address__iexact=address)
    return {"person": 1, "letters": _erase_letters(letters)}


def _erase_letters(letters: QuerySet[Letter]) -> int:
    count = 0
    for letter in letters:
        BouncedAddress.objects.filter(address__iexact=letter.address).delete()
        # One address each: the same letter to two people stays two rows.
        letter.address = f"erased-{letter.pk}@erased.invalid"
        letter.words, letter.error = {}, ""
        if letter.state == Letter.State.WAITING:
            letter.state, letter.next_attempt_at = Letter.State.REFUSED, None
        letter.save(update_fields=["address", "words", "error", "state", "next_attempt_at"])
        count += 1
    return count


def _erase_billing(organization: Organization, now: datetime) -> dict[str, int]:
    mine = {"organization": organization}
    address = organization.billing_email
    BillingDetails.objects.filter(**mine).delete()
    # The provider is told next that nobody is left.
    ToldCustomer.objects.filter(**mine).delete()
    AutoTopUp.objects.filter(**mine).update(
        is_on=False, card_token="", card_label="", card_email=""
    )
    AutoTopUpPause.objects.filter(**mine).update(card_label="")
    PlanCheckout.objects.filter(**mine).update(email=address, checkout_url="")
    Subscription.objects.filter(**mine).update(customer_email="", action_url="")
    letters = _erase_letters(Letter.objects.filter(**mine))
    LetterChoice.objects.filter(**mine).delete()
    events = PaymentEvent.objects.filter(**mine).update(body={}, error="", redacted_at=now)
    return {"letters": letters, "payment messages": events}


def _locked_for_owner(organization: Organization, actor: User) -> Organization:
    locked = organizations.lock(organization, even_closed=True)
    if locked.owner_id != actor.pk:
        raise OnlyTheOwner
    return locked


def _note(
    organization: Organization, actor: Actor, action: str, now: datetime, **detail: object
) -> None:
    audit.record(
        organization=organization, actor=actor, action=action, detail=detail, now=now
    )
