"""Letters about signing up and in, in the layout of all others.

What only tells of a change goes through the outbox, so that a mail server that is down delays
it and loses nothing. A letter with a key that lets somebody in is posted at once and kept
nowhere: who reads our tables must not get in by them.
"""

import re
from typing import Any

from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import adapter
from billing.letters import people
from billing.letters.wording import Words

# These only tell of a change. Any other may hold a key.
_NOTICES = {
    "account/email/email_changed",
    "account/email/email_confirm",
    "account/email/email_deleted",
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_set",
    "mfa/email/recovery_codes_generated",
    "mfa/email/totp_activated",
    "mfa/email/totp_deactivated",
}
# Template -> the words on the button of a letter with a link.
_BUTTONS = {
    "account/email/email_confirmation": "Confirm the address",
    "account/email/email_confirmation_signup": "Confirm the address",
    "account/email/password_reset_key": "Set a new password",
    "account/email/account_already_exists": "Set a new password",
    "account/email/unknown_account": "Sign up",
}
_FIGURE = re.compile(r"(When|From|With): (.*)")


class AccountAdapter(adapter.AccountAdapter):
    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = allauth_context.request
        context = {
            "request": request,
            "email": email,
            "current_site": get_current_site(request),
        } | context
        message = self.render_mail(template_prefix, email, context)
        button = _BUTTONS.get(template_prefix, "Open it")
        words = words_of(message.subject, message.body, button=button)
        if template_prefix in _NOTICES:
            people.tell(words, address=email, now=timezone.now())
            return
        message.attach_alternative(_in_layout(words), "text/html")
        message.send()


def words_of(subject: str, text: str, *, button: str) -> Words:
    """Return a plain letter as what it says; a line that is an address becomes the button."""
    _, *blocks, _ = (block.strip() for block in text.strip().split("\n\n"))
    figures = tuple(_FIGURE.findall(text))
    paragraphs, path = [], ""
    for block in blocks:
        if re.fullmatch(r"https?://\S+", block):
            path = block
        elif block and not _FIGURE.match(block):
            paragraphs.append(" ".join(block.split()))
    return Words(
        subject=subject,
        heading=subject,
        paragraphs=tuple(paragraphs),
        figures=figures,
        button=button if path else "",
        path=path,
    )


def _in_layout(words: Words) -> str:
    shown = {"words": words, "url": words.path, "website": settings.WEBSITE_URL}
    return render_to_string("letters/letter.html", shown)
