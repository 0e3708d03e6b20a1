"""The site of the platform's staff: Django's admin behind the product's own sign-in, for
sessions with a second factor alone."""

from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from accounts import second_factor

# Registered by libraries, kept off the site.
HIDDEN = {
    "mfa.authenticator": "shows the secrets of second factors",
    "rest_framework_api_key.apikey": "an unused table; ours is accounts.apikey",
    "account.emailaddress": "marking an address verified would open a person's door",
    "usersessions.usersession": "a person's sign-ins are theirs to end",
    "auth.group": "rights come from the table in accounts.capabilities after each migrate",
}


# Of libraries, and edited here: superusers change the schedule.
TRACED = "django_celery_beat"


def _without_nul(view: Any) -> Any:
    """PostgreSQL keeps no text with a NUL in it, so no row is like that."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if any("\0" in one for values in request.GET.lists() for one in values[1]):
            raise BadRequest("There is nothing of that name.")
        return view(request, *args, **kwargs)

    return asked


class _Traced:
    """Writes into the trail what only the admin's own log would know, which can be edited."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _trace(request, "schedule.added", obj)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _trace(request, "schedule.changed", obj)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            _trace(request, "schedule.deleted", obj)
        return super().log_deletions(request, queryset)  # type: ignore[misc]


def _trace(request: HttpRequest, action: str, obj: Model) -> None:
    # The site is made before models can be read.
    from accounts import audit
    from accounts.models import User

    audit.record(
        organization=None,
        actor=cast(User, request.user),
        action=action,
        detail={"what": obj._meta.model_name, "entry": str(obj)[:200]},
        now=timezone.now(),
    )


class StaffSite(UnfoldAdminSite):
    """One door: the admin's own login form knows no verified address, no second factor and
    none of the limits on guessing."""

    site_title = "ServiceBilling"
    site_header = "ServiceBilling"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and second_factor.was_shown(request)

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        models = model_or_iterable
        models = [models] if isinstance(models, ModelBase) else models
        shown = [model for model in models if model._meta.label_lower not in HIDDEN]
        for model in shown:
            traced = admin_class
            if model._meta.app_label == TRACED and admin_class is not None:
                traced = type(admin_class.__name__, (_Traced, admin_class), {})
            super().register(model, traced, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return super().admin_view(_without_nul(view), cacheable)

    @method_decorator(never_cache)
    @login_not_required
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wanted = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return redirect("admin:index")
        if super().has_permission(request):
            return self._ask_for_second_factor(request, wanted)
        if request.user.is_authenticated:
            # Sending them to sign in again would send them back here, for ever.
            raise PermissionDenied("This part is for staff.")
        return redirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")

    @staticmethod
    def _ask_for_second_factor(request: HttpRequest, wanted: str) -> HttpResponse:
        if second_factor.is_set_up(request.user):
            ask = reverse("mfa_reauthenticate")
        else:
            messages.warning(
                request, "Staff pages need a second factor. Set one up, then come back."
            )
            ask = reverse("mfa_activate_totp")
        return redirect(f"{ask}?{urlencode({'next': wanted})}")

    @method_decorator(never_cache)
    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")
