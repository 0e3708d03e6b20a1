"""Letters as they look, and the mailbox of a machine without a mail server."""

from typing import Any, cast

from csp.decorators import csp_replace
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from adminpanel import frames
from adminpanel.mail import caught
from billing.letters.rendering import render as in_layout
from billing.models import Letter
from servicebilling.lib import hidden_amounts

# Mail programs know no style sheets of ours, so letters carry their style in the page.
_as_a_letter = cast(
    Any, csp_replace({"script-src": ["'none'"], "style-src": ["'unsafe-inline'"]})
)


@_as_a_letter
@never_cache
@require_safe
@admin.site.admin_view
@permission_required("billing.view_letter", raise_exception=True)
def preview(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Shows a letter as a mail program does; `?as=text` as plain text."""
    letter = get_object_or_404(Letter.objects.select_related("organization"), pk=letter_id)
    made = in_layout(letter)
    is_text = request.GET.get("as") == "text"
    shown = made.text if is_text else made.html
    if not request.user.has_perm(frames.SEE_MONEY):
        shown = hidden_amounts.struck_out(shown)
    kind = "text/plain" if is_text else "text/html"
    return HttpResponse(shown, content_type=f"{kind}; charset=utf-8")


@never_cache
@require_safe
@admin.site.admin_view
def mailbox(request: HttpRequest) -> HttpResponse:
    if not caught.is_open_to(request.user):
        raise PermissionDenied
    shown = admin.site.each_context(request) | {
        "title": "Mailbox",
        "is_catching": caught.is_catching(),
        "messages_caught": caught.newest(),
    }
    return render(request, "adminpanel/mail/mailbox.html", shown)
