"""Optional letters, and the signed link at their foot that ends them for its reader."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts import settings_history
from accounts.models import Organization
from billing.errors import LinkBroken, NotARecipient
from billing.letters import recipients
from billing.models import OPTIONAL_KINDS, Letter

# Kind -> the setting that turns it off for everybody.
SETTINGS = {
    Letter.Kind.LOW_USAGE: "low_usage_letters",
    Letter.Kind.BACK_IN_SERVICE: "back_in_service_letters",
    Letter.Kind.RECEIPT: "receipt_letters",
}
_SALT = "billing.letters"
_BY_LINK = "link in a letter"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link in a letter is about."""

    organization: Organization
    kind: str
    address: str


def url_of(letter: Letter) -> str:
    """Return the link that ends letters of this kind to this address; empty for those that
    must come."""
    if letter.kind not in OPTIONAL_KINDS or letter.organization_id is None:
        return ""
    said = [str(letter.organization_id), letter.kind, letter.address]
    token = signing.dumps(said, salt=_SALT)
    return settings.WEBSITE_URL + reverse("website:letters-choice", args=[token])


def read(token: str) -> Link:
    """Return what a link is about. Raises LinkBroken.

    Letters from before addresses could choose name none: theirs is the billing address.
    """
    try:
        organization_id, kind, *address = signing.loads(token, salt=_SALT)
        organization = Organization.objects.get(pk=organization_id)
    except (signing.BadSignature, ValueError, Organization.DoesNotExist) as error:
        raise LinkBroken from error
    if kind not in OPTIONAL_KINDS:
        raise LinkBroken
    return Link(organization, kind, address[0] if address else organization.billing_email)


def is_wanted(kind: str, organization: Organization, *, now: datetime) -> bool:
    """Return whether letters of this kind are written at all for the organization."""
    key = SETTINGS.get(Letter.Kind(kind))
    return key is None or settings_history.value_at(key, organization, now)


def still_comes(link: Link, *, now: datetime) -> bool:
    """Return whether the reader of a link gets such letters; not if they left."""
    if not is_wanted(link.kind, link.organization, now=now):
        return False
    found = recipients.addresses_for(link.kind, link.organization)
    return link.address.lower() in {address.lower() for address in found}


def choose(token: str, *, wanted: bool, now: datetime) -> Link:
    """End letters for whoever has the link, or let them come again; said twice it is done
    once. Raises LinkBroken, also for an address that gets no letters any more."""
    link = read(token)
    try:
        recipients.choose(
            link.organization,
            address=link.address,
            kind=link.kind,
            wanted=wanted,
            actor=_BY_LINK,
            now=now,
        )
    except NotARecipient as error:
        raise LinkBroken from error
    return link
