"""Letters that pages send, after what they tell of is in the database."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.invitations import Invited

log = logging.getLogger(__name__)


def send_invitation(invited: Invited, *, url: str) -> bool:
    """Send the letter that lets somebody in; returns whether it went out."""
    context = {"invitation": invited.invitation, "url": url}
    subject = render_to_string("website/letters/invitation_subject.txt", context)
    try:
        send_mail(
            subject=" ".join(subject.split()),
            message=render_to_string("website/letters/invitation.txt", context),
            from_email=settings.DEFAULT_FROM_EMAIL,
            recipient_list=[invited.invitation.email],
        )
    except (SMTPException, OSError):
        log.exception("the letter of invitation %s did not go out", invited.invitation.pk)
        return False
    return True
