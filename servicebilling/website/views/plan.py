"""Another plan, an end with what is paid, and a change of mind; each is confirmed first."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from billing import reports
from billing.errors import BillingError
from billing.providers import registry
from billing.subscriptions import changes
from servicebilling.website import plan_choices
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:billing"
UNPAID = (
    "The difference could not be charged to the card on file, so the plan stays as it is. If "
    "the bank wants you to confirm, a button for it appears here; else put another card on "
    "file and change again."
)


@require_safe
@never_cache
@organization_page("billing.manage", section=SECTION)
def plan(request: HttpRequest, frame: Frame) -> HttpResponse:
    """What may be changed to; with `plan` and `period`, what that would cost."""
    subscription = reports.subscription_of(frame.organization)
    if subscription is None:
        return redirect(url_of("website:pricing", frame.organization))
    preview, refusal = None, ""
    if wanted := _said(request.GET.get("plan", "")):
        try:
            preview = changes.preview(
                frame.organization,
                wanted,
                request.GET.get("period", ""),
                now=timezone.now(),
            )
        except BillingError as error:
            refusal = error.message
    context = {
        "frame": frame,
        "subscription": subscription,
        "choices": plan_choices.beside(subscription),
        "changes_plans": registry.get(subscription.provider).changes_plans,
        "preview": preview,
        "refusal": refusal,
    }
    return render(request, "website/plan.html", context)


@require_POST
@organization_page("billing.manage", section=SECTION)
def change(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _ask(
        request,
        frame,
        lambda: changes.change(
            frame.organization,
            _said(request.POST.get("plan", "")),
            request.POST.get("period", ""),
            now=timezone.now(),
            quote=_said(request.POST.get("quote", "")),
        ),
        "The change is asked for. It shows here once the payment provider confirms it.",
    )


@require_POST
@organization_page("billing.manage", section=SECTION)
def cancel(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _ask(
        request,
        frame,
        lambda: changes.cancel_at_period_end(frame.organization, now=timezone.now()),
        "The plan is to end with what is paid. It shows here in a moment.",
    )


@require_POST
@organization_page("billing.manage", section=SECTION)
def keep(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Go on after all."""
    return _ask(
        request,
        frame,
        lambda: changes.undo_cancel(frame.organization, now=timezone.now()),
        "The plan is to go on. It shows here in a moment.",
    )


def _ask(
    request: HttpRequest,
    frame: Frame,
    act: Callable[[], changes.ChangeAsked],
    done: str,
) -> HttpResponse:
    try:
        asked = act()
    except BillingError as error:
        messages.error(request, error.message)
    else:
        if asked.is_unpaid:
            messages.error(request, UNPAID)
        else:
            messages.success(request, done)
    return redirect(url_of("website:billing", frame.organization) + "#plan")


def _said(code: str) -> str:
    """Return a code as the database can be asked for it."""
    return code.replace("\0", "")
