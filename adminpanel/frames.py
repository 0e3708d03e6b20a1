"""What all of the operator's own pages share: the frame of the staff site, and rights."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Organization

SEE_MONEY = "metering.see_money"
MOVE_MONEY = "billing.move_money"
SEE_NUMBERS = "metering.see_numbers"


def page(
    request: HttpRequest, template: str, title: str, shown: dict[str, Any]
) -> HttpResponse:
    """Return a page within the staff site's frame; it knows whether amounts
    and callers' numbers may be shown."""
    frame = admin.site.each_context(request) | {
        "title": title,
        "sees_money": request.user.has_perm(SEE_MONEY),
        "sees_numbers": request.user.has_perm(SEE_NUMBERS),
    }
    return render(request, f"adminpanel/{template}", frame | shown)


def organization_named(said: str) -> Organization | None:
    """Return the organization of that slug, id or whole name, if exactly one is called so."""
    try:
        which = Q(pk=UUID(said))
    except ValueError:
        which = Q(slug=said.lower()) | Q(name__iexact=said)
    found = list(Organization.objects.filter(which)[:2])
    return found[0] if len(found) == 1 else None
