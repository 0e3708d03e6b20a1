"""Looking at an organization's own pages, and ceasing to."""

from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import viewing
from accounts.errors import InvalidDetail
from accounts.models import Organization


@never_cache
@admin.site.admin_view
@permission_required(viewing.RIGHT, raise_exception=True)
@require_POST
def view_as(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Begin a look; the person stays who they are."""
    organization = get_object_or_404(Organization, pk=organization_id)
    reason = request.POST.get("reason", "")
    try:
        viewing.begin(request, organization, reason=reason, now=timezone.now())
    except InvalidDetail as error:
        messages.error(request, error.message)
        return redirect("adminpanel:organization", organization_id)
    here = {"organization": organization.slug}
    return redirect(reverse("website:dashboard", query=here))


@never_cache
@admin.site.admin_view
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    organization = viewing.end(request, now=timezone.now())
    if organization is None:
        return redirect("admin:index")
    messages.success(request, f"You no longer look at the pages of {organization}.")
    return redirect("adminpanel:organization", organization.pk)
