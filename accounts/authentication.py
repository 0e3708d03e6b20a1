"""How a request to the API says who it is: a key, or the session of a signed-in person."""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.request import Request

from accounts import api_keys
from accounts.models import ApiKey, User


class KeyHolder:
    """What `request.user` is when a key asks: nobody in person, yet known."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False
    pk = None

    def __init__(self, api_key: ApiKey) -> None:
        self.api_key = api_key

    def __str__(self) -> str:
        return f"key {self.api_key.prefix}"


class KeyOrSession(SessionAuthentication):
    """`Authorization: Bearer <key>`, or the session (then with its CSRF token).

    Both at once is 400: which of the two was meant would be a guess about rights. Whoever
    shows neither is asked for a key, so the answer is 401 and not 403.
    """

    def authenticate(self, request: Request) -> tuple[Any, ApiKey | None] | None:
        key = _bearer(request)
        person = getattr(request._request, "user", None)
        is_signed_in = person is not None and person.is_authenticated
        if key is None:
            return super().authenticate(request) if is_signed_in else None
        if is_signed_in:
            raise ParseError(
                "Send either a key or a session, not both.", code="two_identities"
            )
        api_key = api_keys.verify(key, now=timezone.now())
        if api_key is None:
            raise AuthenticationFailed("This key is not valid.", code="key_invalid")
        return KeyHolder(api_key), api_key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def actor_of(request: Any) -> User | ApiKey:
    """Return who asks, in the form the trail takes."""
    holder = request.user
    return holder.api_key if isinstance(holder, KeyHolder) else holder


def _bearer(request: Request) -> str | None:
    """Return the key of the header; None if there is no header.

    Another scheme is refused, not ignored: credentials that are not looked at look accepted.
    """
    header = get_authorization_header(request)
    if not header:
        return None
    scheme, _, key = header.partition(b" ")
    try:
        text = key.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if scheme.lower() != b"bearer" or not text:
        raise AuthenticationFailed(
            "Send the key as: Authorization: Bearer <key>.", code="key_invalid"
        )
    return text
