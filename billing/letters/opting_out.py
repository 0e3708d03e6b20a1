"""Optional letters, and the signed link at their foot that ends them."""

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts import settings_history
from accounts.models import Organization
from billing.errors import LinkBroken
from billing.models import Letter

# Kind -> the setting that turns it off. All others an organization must be told.
SETTINGS = {
    Letter.Kind.LOW_USAGE: "low_usage_letters",
    Letter.Kind.BACK_IN_SERVICE: "back_in_service_letters",
    Letter.Kind.RECEIPT: "receipt_letters",
}
_SALT = "billing.letters"


def url_of(letter: Letter) -> str:
    """Return the link that ends letters of this kind; empty for those that must come."""
    if letter.kind not in SETTINGS or letter.organization_id is None:
        return ""
    token = signing.dumps([str(letter.organization_id), letter.kind], salt=_SALT)
    return settings.WEBSITE_URL + reverse("website:letters-choice", args=[token])


def read(token: str) -> tuple[Organization, str]:
    """Return whose letters a link is about, and of which kind. Raises LinkBroken."""
    try:
        organization_id, kind = signing.loads(token, salt=_SALT)
        organization = Organization.objects.get(pk=organization_id)
    except (signing.BadSignature, ValueError, Organization.DoesNotExist) as error:
        raise LinkBroken from error
    if kind not in SETTINGS:
        raise LinkBroken
    return organization, kind


def is_wanted(kind: str, organization: Organization, *, now: datetime) -> bool:
    """Return whether the organization wants letters of this kind."""
    key = SETTINGS.get(Letter.Kind(kind))
    return key is None or settings_history.value_at(key, organization, now)


def choose(token: str, *, wanted: bool, now: datetime) -> tuple[Organization, str]:
    """Turn letters off, or on again, by a link; said twice it is done once.

    Raises LinkBroken.
    """
    organization, kind = read(token)
    if is_wanted(kind, organization, now=now) != wanted:
        settings_history.set_value(
            SETTINGS[Letter.Kind(kind)],
            wanted,
            organization=organization,
            actor="link in a letter",
            now=now,
        )
    return organization, kind
