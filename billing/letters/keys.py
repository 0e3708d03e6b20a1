"""Links that let somebody in: made when a letter is sent, and kept nowhere."""

from datetime import datetime
from uuid import UUID

from django.urls import reverse

from accounts import invitations
from accounts.errors import AccountsError
from billing.models import Letter


class NoLongerTrue(Exception):
    """What a letter tells of has ended meanwhile."""


def fresh_path(letter: Letter, *, now: datetime) -> str:
    """Return where the button of an invitation leads, with a new key that replaces the last;
    empty for letters that keep where theirs leads.

    Raises NoLongerTrue if the invitation was used, withdrawn or has run out.
    """
    if letter.kind != Letter.Kind.INVITATION:
        return ""
    try:
        token = invitations.renew(UUID(letter.about), now=now)
    except AccountsError as error:
        raise NoLongerTrue from error
    return reverse("website:invitation", args=[token])
