"""What every page's frame needs, without asking the database."""

from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest

THEME_COOKIE = "theme"
_THEMES = ("light", "dark")


def site(request: HttpRequest) -> dict[str, str]:
    """The chosen theme (empty: as the device has it), our address, where to write for help.

    The theme is a cookie, so that the first paint is right without any script.
    """
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "theme": theme if theme in _THEMES else "",
        # For letters: a link made of the request would lead wherever its Host header says.
        "website_url": settings.WEBSITE_URL,
        "support_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }
