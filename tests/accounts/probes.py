"""A URL configuration with the smallest endpoint and page that ask `accounts.access`."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_POST
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.models import Membership
from servicebilling.lib.errors import DomainError


class Usage(APIView):
    def get(self, request: Request) -> Response:
        return Response({"slug": access.organization_for(request, "usage.view").slug})

    def post(self, request: Request) -> Response:
        return Response({"slug": access.organization_for(request, "usage.report").slug})


class Team(APIView):
    def get(self, request: Request, user: int) -> Response:
        organization = access.organization_for(request, "team.view")
        found = access.get_or_404(Membership.objects.all(), organization, user=user)
        return Response({"role": found.role})


class Quantity(serializers.Serializer):
    quantity = serializers.IntegerField(min_value=0)


class Lines(serializers.Serializer):
    lines = Quantity(many=True)


class Invalid(APIView):
    def post(self, request: Request) -> Response:
        Lines(data=request.data).is_valid(raise_exception=True)
        return Response({})


class Failing(APIView):
    def get(self, request: Request, how: str) -> Response:
        raise {
            "refused": DomainError("No minutes left."),
            "suspicious": SuspiciousOperation("secret detail"),
            "missing": Http404("Call 7 of Acme"),
            "defect": RuntimeError("a defect"),
        }[how]


def page(request: HttpRequest) -> HttpResponse:
    found = access.access_for(request, "billing.view")
    may = "may" if found.can("billing.manage") else "may not"
    return HttpResponse(f"{found.organization.slug} {may} buy")


@login_not_required
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("page", page),
    path("api/usage", Usage.as_view()),
    path("api/team/<int:user>", Team.as_view()),
    path("api/invalid", Invalid.as_view()),
    path("api/failing/<how>", Failing.as_view()),
    path("api/webhook", webhook),
    path("", include("servicebilling.urls")),
]
