"""Tokens that travel in a call's metadata and prove that we let that call through.

Metadata is seen by browsers and by the tools of an assistant, so a token is worth nothing
for any call but its own. A call that we place has no id yet when its token is made: that one
names our placement, which belongs to the first call that shows it.
"""

from uuid import UUID

from django.core import signing

_SALT = "metering.call"
_PLACEMENT_SALT = "metering.placement"


def sign(*, organization_id: UUID, call_id: str) -> str:
    """Return a token for one call of the organization; only we can make one."""
    return signing.Signer(salt=_SALT).sign_object([str(organization_id), call_id])


def read(token: str, call_id: str) -> UUID | None:
    """Return the organization of a token that we made for this call, else None."""
    try:
        organization_id, own_call_id = signing.Signer(salt=_SALT).unsign_object(token)
        return UUID(organization_id) if own_call_id == call_id else None
    except (signing.BadSignature, ValueError, TypeError):
        return None


def sign_placement(placement_id: UUID) -> str:
    """Return a token for the one call that a placement asks for."""
    return signing.Signer(salt=_PLACEMENT_SALT).sign_object(str(placement_id))


def read_placement(token: str) -> UUID | None:
    """Return the placement of a token that we made, else None."""
    try:
        return UUID(signing.Signer(salt=_PLACEMENT_SALT).unsign_object(token))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
