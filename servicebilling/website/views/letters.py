"""Ending optional letters by the link at their foot, without signing in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.errors import LinkBroken
from billing.letters import opting_out

TEMPLATE = "website/letters_choice.html"


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choice(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing, since programs look at links. Mail programs post here by
    themselves (RFC 8058), so there is no token but the link's own."""
    now = timezone.now()
    try:
        link = opting_out.read(token)
        if request.method == "POST":
            wanted = request.POST.get("wanted") == "yes"
            opting_out.choose(token, wanted=wanted, now=now)
        context = {
            "link": link,
            "comes": opting_out.still_comes(link, now=now),
            "is_off_for_all": not opting_out.is_wanted(
                link.kind, link.organization, now=now
            ),
        }
    except LinkBroken as error:
        return render(request, TEMPLATE, {"refusal": error.message}, status=error.status)
    return render(request, TEMPLATE, context)
