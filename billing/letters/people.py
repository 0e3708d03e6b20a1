"""Letters to people about their sign-in, and those that let somebody into an organization.

The key in an invitation is made when it is sent (`keys`): what is kept of it lets nobody in.
"""

from datetime import datetime

from accounts.models import Invitation
from billing.letters import posting, writing
from billing.letters.wording import Words
from billing.models import Letter
from servicebilling.lib.ids import new_id


def invite(invitation: Invitation, *, now: datetime) -> bool:
    """Write an invitation and try to post it at once; False if it waits for a mail server."""
    inviter, joined = invitation.invited_by.get_full_name(), invitation.organization.name
    words = Words(
        subject=f"{inviter} invites you to {joined}",
        heading=f"Join {joined}",
        paragraphs=(
            f"{inviter} invites you to join {joined} on ServiceBilling as"
            f" {invitation.get_role_display().lower()}. To join, open this link and sign in,"
            " or sign up, with this address.",
            f"The link is good once, until {invitation.expires_at:%-d %B %Y}. If you do not"
            f" know {inviter}, do nothing.",
        ),
        button=f"Join {joined}",
    )
    return _write(
        Letter.Kind.INVITATION,
        words,
        about=str(invitation.pk),
        address=invitation.email,
        now=now,
    )


def tell(words: Words, *, address: str, now: datetime) -> bool:
    """Write to a person about their sign-in and try to post it at once; False if it waits."""
    return _write(Letter.Kind.SIGN_IN, words, about=str(new_id()), address=address, now=now)


def _write(kind: str, words: Words, *, about: str, address: str, now: datetime) -> bool:
    writing.write(kind, words, organization=None, about=about, address=address, now=now)
    letter = Letter.objects.get(kind=kind, about=about, address=address)
    return posting.post_one(letter.pk, now=now)
