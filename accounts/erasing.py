"""Making people and organizations unrecognisable, for good.

Rows stay, so that ledgers and the trail go on adding up and pointing somewhere; what says who
it was is overwritten. Nothing here can be taken back.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import audit, organizations, sign_ins
from accounts.audit import Actor
from accounts.errors import NotClosed, StillOwns
from accounts.models import (
    ApiKey,
    IdempotentRequest,
    Invitation,
    Membership,
    Organization,
    User,
)
from servicebilling.lib import staff_log
from servicebilling.lib.phone_numbers import ERASED

# RFC 2606 keeps `.invalid` from ever being delivered to.
_ADDRESS = "erased-{}@erased.invalid"


@transaction.atomic
def erase_person(user: User, *, actor: Actor, now: datetime) -> None:
    """Erase who a person is: name, addresses, password, second factor, sign-ins; they can
    never sign in again and belong to nothing any more. A second time is quiet.

    Raises StillOwns while they own an organization that is not closed.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    owned = Organization.objects.filter(owner=locked)
    if owned.exclude(status=Organization.Status.CLOSED).exists():
        raise StillOwns
    address = _ADDRESS.format(locked.pk)
    if locked.email == address:
        return
    sign_ins.end_others(locked, session_key=None)
    # Upper and lower case are one address.
    Invitation.objects.filter(email__iexact=locked.email).update(email=address)
    EmailAddress.objects.filter(user_id=locked.pk).delete()
    Authenticator.objects.filter(user_id=locked.pk).delete()
    Membership.objects.filter(user=locked).exclude(role=Membership.Role.OWNER).delete()
    staff_log.forget(User, [locked.pk])
    locked.email, locked.name, locked.organization_wanted = address, "", ""
    locked.is_active = locked.is_staff = locked.is_superuser = False
    locked.set_unusable_password()
    locked.save()
    audit.record(
        organization=None,
        actor=actor,
        action="person.erased",
        detail={"person": locked.pk},
        now=now,
    )


def erase_organization(organization: Organization, *, now: datetime) -> Organization:
    """Erase what says whose a closed organization was; call it within the transaction that
    erases the rest. Raises NotClosed."""
    locked = organizations.lock(organization, even_closed=True)
    if locked.status != Organization.Status.CLOSED:
        raise NotClosed
    # The end of an id of version 7 is random, its beginning a time.
    stem = f"{ERASED}-{locked.pk.hex[-12:]}"
    locked.name, locked.slug = "Erased organization", stem
    locked.billing_email = f"{stem}@erased.invalid"
    locked.save(update_fields=["name", "slug", "billing_email"])
    for invitation in Invitation.objects.filter(organization=locked):
        invitation.email = _ADDRESS.format(invitation.pk.hex[-12:])
        invitation.save(update_fields=["email"])
    ApiKey.objects.filter(organization=locked).update(name=ERASED)
    IdempotentRequest.objects.filter(organization=locked).delete()
    staff_log.forget(Organization, [locked.pk])
    return locked
