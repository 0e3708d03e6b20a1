"""What the OpenAPI document says of webhooks to customers' systems."""

from drf_spectacular.utils import extend_schema

from metering.api.parameters import Named
from metering.api.webhook_endpoints import (
    DeliveriesAnswer,
    DeliveriesQuery,
    EndpointRequest,
    EndpointsAnswer,
    NewEndpointAnswer,
    SecretAnswer,
)
from servicebilling.lib.openapi import IDEMPOTENCY_KEY, asks_with, document

document(
    "metering.api.webhook_endpoints.Endpoints",
    get=extend_schema(
        summary="Where your webhooks go",
        parameters=[Named],
        responses=EndpointsAnswer,
    ),
    post=extend_schema(
        summary="Have webhooks sent to an address",
        description="Messages are signed by the scheme of standardwebhooks.com: check"
        " `webhook-signature` with the secret of the answer. A message that is not answered"
        " with 2xx within 5 seconds is sent again for three days; by `webhook-id` you know a"
        ' repetition. The body is `{"type", "timestamp", "data"}`. `data` holds the'
        " `organization`, and for `minutes.low` and `minutes.gone`: `because`, `threshold`,"
        " `minutes_left`, `percent_used`, `wallet_balance`, `currency`; for `call.refused`:"
        " `reason`, `provider`, `call_id`; for `payment.received`: `amount`, `currency`,"
        ' `provider`. Amounts in it are texts, such as `"49.000000"`.',
        parameters=[Named, IDEMPOTENCY_KEY],
        request=EndpointRequest,
        responses={201: NewEndpointAnswer},
        examples=[
            asks_with(
                {
                    "url": "https://hooks.example.com/billing",
                    "events": ["minutes.low", "call.refused"],
                }
            )
        ],
    ),
)
document(
    "metering.api.webhook_endpoints.OneEndpoint",
    delete=extend_schema(
        summary="Send nothing there any more",
        parameters=[Named],
        responses={204: None},
    ),
)
document(
    "metering.api.webhook_endpoints.RotateSecret",
    post=extend_schema(
        summary="Change the secret",
        description="For a day messages carry a signature by the old one, too.",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=None,
        responses=SecretAnswer,
    ),
)
document(
    "metering.api.webhook_endpoints.Deliveries",
    get=extend_schema(
        summary="What was sent, newest first",
        parameters=[DeliveriesQuery],
        responses=DeliveriesAnswer,
    ),
)
document(
    "metering.api.webhook_endpoints.Resend",
    post=extend_schema(
        summary="Send a message again",
        parameters=[Named],
        request=None,
        responses={204: None},
    ),
)
