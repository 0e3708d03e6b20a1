from django.urls import path

from adminpanel.api import calls, ledger, organizations, schema, settings, webhooks

# The descriptions register themselves when they are imported; the document reads the URLs.
DESCRIPTIONS = schema

app_name = "staff-api"
urlpatterns = [
    path("organizations", organizations.Organizations.as_view(), name="organizations"),
    path(
        "organizations/<slug:organization>/adjustments",
        organizations.Adjustments.as_view(),
        name="adjustments",
    ),
    path("calls", calls.Calls.as_view(), name="calls"),
    path("settings", settings.Settings.as_view(), name="settings"),
    path("ledger", ledger.Ledger.as_view(), name="ledger"),
    path("webhooks", webhooks.Webhooks.as_view(), name="webhooks"),
    path(
        "webhooks/<slug:message_id>/replay",
        webhooks.Replay.as_view(),
        name="webhook-replay",
    ),
]
