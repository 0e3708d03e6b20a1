"""The content security policy, its one exception, and where forms may end up."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from servicebilling.website import pay_pages

# The admin's theme is built on Alpine, which compiles expressions found in attributes, and
# writes its colours into the page.
_STAFF_PAGES = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}


class PagePolicyMiddleware(CSPMiddleware):
    """The strict policy of the settings everywhere, a laxer one on the staff's pages only."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        # Browsers hold a form's target to this even where it is reached by a redirect.
        parts.update = {"form-action": pay_pages.origins(), **(parts.update or {})}
        if request.path.startswith(reverse("admin:index")) and not report_only:
            parts.replace = {**_STAFF_PAGES, **(parts.replace or {})}
        return parts
