"""Cursors of lists: where the next page begins, as a text that callers hand back unread.

A page is found by the key of the last row before it, never by an offset, so page one thousand
costs what page one does, and rows that arrive meanwhile shift nothing.
"""

from django.core.signing import BadSignature, Signer

from servicebilling.lib.errors import DomainError

LENGTH_MAX = 400


class InvalidCursor(DomainError):
    code = "invalid_cursor"
    status = 400
    message = "This cursor was not given by this list. Begin without one."


def write(*key: str, of: str) -> str:
    """Return the cursor of a row's key. `of` names the list: a cursor fits no other."""
    return _signer(of).sign_object(list(key))


def read(cursor: str, *, of: str, parts: int) -> list[str]:
    """Return the key in a cursor. Raises `InvalidCursor` for one that we did not write."""
    if len(cursor) > LENGTH_MAX:
        raise InvalidCursor
    try:
        key = _signer(of).unsign_object(cursor)
    except (BadSignature, ValueError) as error:
        raise InvalidCursor from error
    if not isinstance(key, list) or len(key) != parts:
        raise InvalidCursor
    return [str(part) for part in key]


def _signer(of: str) -> Signer:
    return Signer(salt=f"cursor of {of}", sep=".")
