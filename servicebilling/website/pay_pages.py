"""The origins of the pages where customers pay: our forms may lead there and nowhere else."""

from urllib.parse import urlsplit

from django.conf import settings


def origins() -> list[str]:
    """Return the origins of every provider's pages; a stand-in's instead of the real ones
    where the settings name one."""
    found: list[str] = []
    for provider, pages in settings.PAY_PAGE_ORIGINS.items():
        stand_in = getattr(settings, f"{provider.upper()}_API_BASE", "")
        found += [_origin(stand_in)] if stand_in else pages
    return found


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
