"""What the OpenAPI document says of the billing API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from billing import reports
from billing.api import CheckoutRequest
from billing.documents import reports as documents
from billing.subscription_api import ChangeRequest, QuotedChangeRequest
from billing.subscriptions import changes
from metering.api.parameters import Named
from servicebilling.lib.dataclass_answers import listed, serializer_of
from servicebilling.lib.openapi import IDEMPOTENCY_KEY, answers_with, asks_with, document


class CheckoutAnswer(serializers.Serializer[dict[str, str]]):
    checkout_url = serializers.CharField(help_text="Where the customer pays.")


class PortalAnswer(serializers.Serializer[dict[str, str]]):
    url = serializers.CharField()


class DocumentsQuery(Named):
    cursor = serializers.CharField(required=False, help_text="`next` of the page before.")


class DocumentsAnswer(serializers.Serializer[dict[str, Any]]):
    documents = serializer_of(documents.DocumentRow)(many=True)
    next = serializers.CharField(allow_null=True)


document(
    "billing.api.Plans",
    get=extend_schema(
        summary="Plans that are sold",
        parameters=[Named],
        responses=listed("PlansAnswer", plans=reports.PlanOffer),
    ),
)
document(
    "billing.documents_api.Documents",
    get=extend_schema(
        summary="Invoices, receipts and credit notes, newest first",
        parameters=[DocumentsQuery],
        responses=DocumentsAnswer,
    ),
)
document(
    "billing.api.Bundles",
    get=extend_schema(
        summary="Bundles of minutes at today's prices",
        parameters=[Named],
        responses=listed("BundlesAnswer", bundles=reports.BundleOffer),
        examples=[
            answers_with(
                {
                    "bundles": [
                        {
                            "code": "minutes-100-usd",
                            "minutes": 100,
                            "price": 25,
                            "currency": "USD",
                        }
                    ]
                }
            )
        ],
    ),
)
document(
    "billing.api.Status",
    get=extend_schema(
        summary="Plan, subscription, wallet and its newest transactions",
        parameters=[Named],
        responses=serializer_of(reports.Status, name="BillingStatusAnswer"),
    ),
)
document(
    "billing.api.CreateCheckoutSession",
    post=extend_schema(
        summary="Begin to pay for a plan, a bundle or a top-up",
        description="Name what is wanted by its code; the price is ours. A top-up names the"
        " amount and its currency. Nothing is granted before the provider has confirmed the"
        " payment; a bundle paid from the wallet is there at once.",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=CheckoutRequest,
        responses=CheckoutAnswer,
        examples=[
            asks_with({"plan_id": "starter", "billing_period": "monthly"}, "A plan"),
            asks_with({"bundle_id": "minutes-100-usd"}, "A bundle"),
            asks_with(
                {"bundle_id": "minutes-100-usd", "provider": "wallet"},
                "A bundle, from the wallet",
            ),
            asks_with({"top_up_amount": "50.00", "currency": "USD"}, "A top-up"),
            answers_with({"checkout_url": "https://pay.example/c/123"}),
        ],
    ),
)
document(
    "billing.api.Portal",
    post=extend_schema(
        summary="The provider's page for cards, invoices and cancelling",
        parameters=[Named],
        request=None,
        responses=PortalAnswer,
        examples=[answers_with({"url": "https://pay.example/p/123"})],
    ),
)
document(
    "billing.subscription_api.Preview",
    post=extend_schema(
        summary="What another plan would cost and give",
        parameters=[Named],
        request=ChangeRequest,
        responses=serializer_of(changes.ChangePreview, name="ChangePreviewAnswer"),
        examples=[asks_with({"plan_id": "growth", "billing_period": "monthly"})],
    ),
)
document(
    "billing.subscription_api.Change",
    post=extend_schema(
        summary="Change to a higher plan, the difference being paid now",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=QuotedChangeRequest,
        responses=serializer_of(changes.ChangeAsked, name="ChangeAnswer"),
        examples=[asks_with({"plan_id": "growth", "billing_period": "monthly"})],
    ),
)
document(
    "billing.subscription_api.Cancel",
    post=extend_schema(
        summary="End the subscription with what is paid",
        parameters=[Named],
        request=None,
        responses=serializer_of(changes.ChangeAsked, name="CancelAnswer"),
    ),
)
document(
    "billing.subscription_api.Resume",
    post=extend_schema(
        summary="Go on with a subscription that was to end",
        parameters=[Named],
        request=None,
        responses=serializer_of(changes.ChangeAsked, name="ResumeAnswer"),
    ),
)
