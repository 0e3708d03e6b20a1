"""Billing for programs and for our own pages: what is sold, what one has, where to pay."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from accounts.models import Organization, User
from billing import checkout, reports
from billing.providers import registry
from billing.purchases import from_wallet
from servicebilling.lib import strict_fields


class CheckoutRequest(serializers.Serializer[dict[str, Any]]):
    """What is wanted, by its code: a plan and a period, or a bundle, never a price; or an
    amount to fill the wallet with."""

    plan_id = serializers.SlugField(max_length=60, required=False)
    billing_period = serializers.ChoiceField(["monthly", "yearly"], default="monthly")
    bundle_id = serializers.SlugField(max_length=60, required=False)
    top_up_amount = strict_fields.StrictDecimalField(
        max_digits=18, decimal_places=6, required=False
    )
    currency = serializers.RegexField("^[A-Z]{3}$", required=False)
    provider = serializers.SlugField(
        max_length=20,
        required=False,
        help_text="Who takes the money: the usual one of the currency, if nothing is said."
        " `wallet` pays a bundle from the wallet.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [
            name for name in ("plan_id", "bundle_id", "top_up_amount") if name in attrs
        ]
        if len(named) != 1:
            raise serializers.ValidationError(
                "Name either plan_id, bundle_id or top_up_amount."
            )
        if "top_up_amount" in attrs and "currency" not in attrs:
            raise serializers.ValidationError({"currency": "Name the amount's currency."})
        return attrs


class CreateCheckoutSession(APIView):
    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        asked = CheckoutRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        by = request.user if isinstance(request.user, User) else None
        return idempotency.answer_once(
            request,
            organization,
            lambda: Response(
                {
                    "checkout_url": _checkout_url(
                        request, organization, asked.validated_data, by
                    )
                }
            ),
            now=timezone.now(),
        )


class Portal(APIView):
    """The provider's own page for cards, invoices and cancelling."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        back = f"{settings.WEBSITE_URL}/dashboard/billing?organization={organization.slug}"
        url = checkout.portal(organization, return_url=back, now=timezone.now())
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


def _checkout_url(
    request: Request, organization: Organization, wanted: dict[str, Any], by: User | None
) -> str:
    now = timezone.now()
    named = wanted.get("provider", "")
    if "bundle_id" in wanted and named == from_wallet.PROVIDER:
        return checkout.buy_bundle_from_wallet(
            organization=organization,
            bundle_code=wanted["bundle_id"],
            bought_by=by,
            now=now,
            attempt=idempotency.name_of(request, organization),
        )
    if "plan_id" in wanted:
        return checkout.subscribe(
            organization=organization,
            plan_code=wanted["plan_id"],
            billing_period=wanted["billing_period"],
            provider=checkout.provider_of_plan(wanted["plan_id"], named),
            now=now,
        )
    provider = registry.chosen(named, currency=organization.currency)
    if "bundle_id" in wanted:
        return checkout.buy_bundle(
            organization=organization,
            bundle_code=wanted["bundle_id"],
            provider=provider,
            started_by=by,
            now=now,
        )
    return checkout.top_up(
        organization=organization,
        amount=wanted["top_up_amount"],
        currency=wanted["currency"],
        provider=provider,
        started_by=by,
        now=now,
    )
