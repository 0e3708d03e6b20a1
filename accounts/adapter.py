"""How sign-up, sign-in and their letters differ from the library's ways."""

from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    """Letters link to the configured address of the site, never to the Host header of the
    request that caused them: whoever can send one would otherwise choose where links lead."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff who belong to no organization are led to their own pages."""
        user = request.user
        if user.is_staff and not user.memberships.exists():
            return reverse("admin:index")
        return super().get_login_redirect_url(request)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return _on_our_site(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC
    ) -> str:
        return _on_our_site(super().get_email_confirmation_url(request, emailconfirmation))


def _on_our_site(url: str) -> str:
    here = urlsplit(url)._replace(scheme="", netloc="")
    return settings.WEBSITE_URL + urlunsplit(here)
