"""Tokens that travel in a call's metadata and prove that we let it through or placed it."""

from uuid import UUID

from django.core import signing

_SALT = "metering.call"


def sign(organization_id: UUID) -> str:
    """Return a token that names the organization; only we can make one."""
    return signing.dumps(str(organization_id), salt=_SALT)


def read(token: str) -> UUID | None:
    """Return the organization of a token that we made, else None."""
    try:
        return UUID(signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None
