"""The second factor of a session: staff pages demand it."""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest

from accounts.models import User


def is_set_up(user: Any) -> bool:
    """Whether signing in asks this person for a code."""
    return bool(is_mfa_enabled(user))


def was_shown(request: HttpRequest) -> bool:
    """Whether this session proved a second factor, of the person signed in now."""
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]
    return any(record.get("method") == "mfa" for record in records)


def enrol(user: User, *, secret: str) -> None:
    """Let codes of this secret (base 32) count for a person; a second time does nothing."""
    Authenticator.objects.get_or_create(
        user=user,
        type=Authenticator.Type.TOTP,
        defaults={"data": {"secret": get_adapter().encrypt(secret)}},
    )
