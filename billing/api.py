"""Billing for programs and for our own pages: what is sold, what one has, where to pay."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.models import User
from billing import checkout, reports
from billing.errors import NotSold
from billing.providers import registry


class CheckoutRequest(serializers.Serializer[dict[str, Any]]):
    """What is wanted, by its code: a plan and a period, or a bundle. Never a price."""

    plan_id = serializers.SlugField(max_length=60, required=False)
    billing_period = serializers.ChoiceField(["monthly", "yearly"], default="monthly")
    bundle_id = serializers.SlugField(max_length=60, required=False)
    provider = serializers.SlugField(max_length=20, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("plan_id")) == bool(attrs.get("bundle_id")):
            raise serializers.ValidationError("Name either plan_id or bundle_id.")
        return attrs


class CreateCheckoutSession(APIView):
    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        asked = CheckoutRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        provider = wanted.get("provider") or _first_provider()
        if wanted.get("bundle_id"):
            url = checkout.buy_bundle(
                organization=organization,
                bundle_code=wanted["bundle_id"],
                provider=provider,
                started_by=request.user if isinstance(request.user, User) else None,
                now=timezone.now(),
            )
        else:
            url = checkout.subscribe(
                organization=organization,
                plan_code=wanted["plan_id"],
                billing_period=wanted["billing_period"],
                provider=provider,
                now=timezone.now(),
            )
        return Response({"checkout_url": url})


class Portal(APIView):
    """The provider's own page for cards, invoices and cancelling."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        back = f"{settings.WEBSITE_URL}/dashboard?organization={organization.slug}"
        url = checkout.portal(organization, return_url=back)
        return Response({"url": url})


class Plans(APIView):
    def get(self, request: Request) -> Response:
        access.organization_for(request, "billing.view")
        return Response({"plans": [asdict(plan) for plan in reports.plans_on_offer()]})


class Bundles(APIView):
    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.view")
        offers = reports.bundles_on_offer(organization, now=timezone.now())
        return Response({"bundles": [asdict(offer) for offer in offers]})


class Status(APIView):
    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.view")
        return Response(asdict(reports.status_of(organization)))


def _first_provider() -> str:
    providers = registry.available()
    if not providers:
        raise NotSold("Nothing can be paid here: no payment provider is set up.")
    return providers[0]
