"""Naming an organization."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import access, organizations
from accounts.errors import InvalidDetail
from accounts.models import User
from billing import plans
from servicebilling.website import opening, plan_wanted
from servicebilling.website.forms import OrganizationForm
from servicebilling.website.frames import url_of


@require_http_methods(["GET", "HEAD", "POST"])
def organization_new(request: HttpRequest) -> HttpResponse:
    person = cast(User, request.user)
    cards = plans.cards_without_plan()
    wanted = plan_wanted.of(request)
    form = OrganizationForm(
        request.POST or None,
        currencies=list(cards),
        initial={
            "name": organizations.suggested_name(person),
            "currency": wanted.currency if wanted else "",
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = opening.open_organization(
                name=form.cleaned_data["name"],
                owner=person,
                timezone=form.cleaned_data["timezone"],
                card=cards[form.cleaned_data["currency"]],
                now=timezone.now(),
            )
        except InvalidDetail as error:
            form.add_error("name", error.message)
        else:
            plan_wanted.forget(request)
            if wanted and wanted.currency == made.currency:
                messages.success(request, f"{made.name} is ready. Now subscribe below.")
                return redirect(wanted.url_for(made))
            return redirect(url_of("website:dashboard", made))
    is_first = not access.memberships_of(request.user)
    context = {"form": form, "is_first": is_first}
    return render(request, "website/organization_new.html", context)
