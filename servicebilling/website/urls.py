from django.urls import path

from servicebilling.website import health
from servicebilling.website.views import (
    api_pages,
    billing,
    calls,
    dashboard,
    front,
    organizations,
    paying,
)

app_name = "website"
urlpatterns = [
    path("", front.home, name="home"),
    path("pricing", front.pricing, name="pricing"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/live", dashboard.dashboard_live, name="dashboard-live"),
    path("dashboard/calls", calls.calls, name="calls"),
    path("dashboard/calls/<uuid:call_id>", calls.call, name="call"),
    path("dashboard/billing", billing.billing, name="billing"),
    path("dashboard/billing/history", billing.history, name="billing-history"),
    path("dashboard/billing/success", billing.success, name="billing-success"),
    path(
        "dashboard/billing/success/live", billing.success_live, name="billing-success-live"
    ),
    path("dashboard/billing/subscribe", paying.subscribe, name="subscribe"),
    path("dashboard/billing/buy", paying.buy_minutes, name="buy-minutes"),
    path("dashboard/billing/portal", paying.portal, name="portal"),
    path("organizations/new", organizations.organization_new, name="organization-new"),
    path("api/schema", api_pages.schema, name="api-schema"),
    path("api/docs", api_pages.reference, name="api-docs"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
