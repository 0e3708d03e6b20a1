"""What all of the operator's own pages share: the frame of the staff site, and rights."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

SEE_MONEY = "metering.see_money"


def page(
    request: HttpRequest, template: str, title: str, shown: dict[str, Any]
) -> HttpResponse:
    """Return a page within the staff site's frame; it knows whether amounts may be shown."""
    frame = admin.site.each_context(request) | {
        "title": title,
        "sees_money": request.user.has_perm(SEE_MONEY),
    }
    return render(request, f"adminpanel/{template}", frame | shown)
