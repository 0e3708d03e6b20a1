from django.urls import path

from metering import webhooks
from metering.api import (
    asking,
    call_reports,
    events,
    human_line,
    placing,
    reading,
    webhook_endpoints,
)

app_name = "metering"
urlpatterns = [
    path("webhooks/vapi", webhooks.receive, name="vapi-webhook"),
    path("calls", placing.PlaceCall.as_view(), name="place-call"),
    path("calls/human-line", human_line.Line.as_view(), name="human-line"),
    path(
        "calls/human-line/confirm", human_line.Confirm.as_view(), name="human-line-confirm"
    ),
    path("calls/web", placing.PlaceWebCall.as_view(), name="place-web-call"),
    path("usage", reading.Usage.as_view(), name="usage"),
    path("usage/current", reading.CurrentMonth.as_view(), name="usage-current"),
    path("usage/history", reading.History.as_view(), name="usage-history"),
    path("usage/calls", reading.Calls.as_view(), name="usage-calls"),
    path("usage/events", events.Events.as_view(), name="usage-events"),
    path(
        "usage/events/<path:key>/void", events.VoidEvent.as_view(), name="usage-event-void"
    ),
    path("usage/report", call_reports.Report.as_view(), name="usage-report"),
    path("usage/check", asking.Check.as_view(), name="usage-check"),
    path("usage/holds", asking.Holds.as_view(), name="usage-holds"),
    path(
        "usage/holds/<uuid:hold_id>/settle",
        asking.SettleHold.as_view(),
        name="usage-hold-settle",
    ),
    path(
        "usage/holds/<uuid:hold_id>/release",
        asking.ReleaseHold.as_view(),
        name="usage-hold-release",
    ),
    path(
        "webhook-endpoints",
        webhook_endpoints.Endpoints.as_view(),
        name="webhook-endpoints",
    ),
    path(
        "webhook-endpoints/<uuid:endpoint_id>",
        webhook_endpoints.OneEndpoint.as_view(),
        name="webhook-endpoint",
    ),
    path(
        "webhook-endpoints/<uuid:endpoint_id>/rotate",
        webhook_endpoints.RotateSecret.as_view(),
        name="webhook-endpoint-rotate",
    ),
    path(
        "webhook-deliveries",
        webhook_endpoints.Deliveries.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "webhook-deliveries/<uuid:delivery_id>/resend",
        webhook_endpoints.Resend.as_view(),
        name="webhook-delivery-resend",
    ),
]
