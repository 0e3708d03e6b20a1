from django.urls import path

from metering import webhooks
from metering.api import placing, reading

app_name = "metering"
urlpatterns = [
    path("webhooks/vapi", webhooks.receive, name="vapi-webhook"),
    path("calls", placing.PlaceCall.as_view(), name="place-call"),
    path("calls/web", placing.PlaceWebCall.as_view(), name="place-web-call"),
    path("usage", reading.Usage.as_view(), name="usage"),
    path("usage/current", reading.CurrentMonth.as_view(), name="usage-current"),
    path("usage/history", reading.History.as_view(), name="usage-history"),
    path("usage/calls", reading.Calls.as_view(), name="usage-calls"),
]
