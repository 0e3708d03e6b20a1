"""All dated settings on one page, and each with its history and its next value."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import settings_history
from accounts.errors import InvalidDetail
from accounts.models import User
from accounts.setting_definitions import DEFINITIONS
from adminpanel import frames
from adminpanel.settings import listing, values
from adminpanel.settings.forms import SettingForm

_may_set = permission_required("accounts.add_setting", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_set
def settings(request: HttpRequest) -> HttpResponse:
    shown = {"lines": listing.lines(timezone.now()), "priced": values.PRICED}
    return frames.page(request, "settings/list.html", "Settings", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_set
def setting(request: HttpRequest, key: str) -> HttpResponse:
    """Show the next value beside the one that holds; the second click puts it in force."""
    if key not in DEFINITIONS:
        raise Http404
    if key in values.PRICED:
        return redirect("adminpanel:prices")
    now = timezone.now()
    current = settings_history.value_at(key, None, now)
    data = request.POST if request.method == "POST" else None
    form = SettingForm(
        data,
        key=key,
        value=current,
        now=now,
        initial={"seen": settings_history.latest([key])},
    )
    is_asked = form.is_bound and form.is_valid()
    if is_asked and "confirm" in request.POST and _put(request, key, form):
        return redirect("adminpanel:setting", key)
    kept = form.cleaned_data["kept"] if is_asked else current
    default = DEFINITIONS[key].default
    then = default if kept is None else kept
    shown: dict[str, Any] = {
        "key": key,
        "about": DEFINITIONS[key].about,
        "form": form,
        "is_preview": is_asked,
        "current": values.written(current) or "none",
        "then": values.written(then) or "none",
        "history": listing.history(key),
        "now": now,
    }
    if key == values.REFUSAL_TEXTS:
        shown["heard"] = listing.what_callers_hear(current, then)
    title = key.replace("_", " ").capitalize()
    return frames.page(request, "settings/setting.html", title, shown)


def _put(request: HttpRequest, key: str, form: SettingForm) -> bool:
    """Put the value in force; False with the reason in the form if it cannot be. The same
    value again leaves no row."""
    now = timezone.now()
    starts, kept = form.cleaned_data["valid_from"] or now, form.cleaned_data["kept"]
    standing = settings_history.value_at(key, None, starts)
    if standing == (DEFINITIONS[key].default if kept is None else kept):
        messages.success(request, "It is so already.")
        return True
    if form.is_overtaken([key]):
        return False
    try:
        settings_history.set_value(
            key,
            kept,
            organization=None,
            actor=cast(User, request.user),
            now=now,
            valid_from=starts,
        )
    except InvalidDetail as error:
        form.add_error("valid_from", error.message)
        return False
    messages.success(request, "It is kept.")
    return True
