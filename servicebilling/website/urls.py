from django.urls import path

from servicebilling.website import health
from servicebilling.website.views import dashboard, front, organizations

app_name = "website"
urlpatterns = [
    path("", front.home, name="home"),
    path("pricing", front.pricing, name="pricing"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/live", dashboard.dashboard_live, name="dashboard-live"),
    path("organizations/new", organizations.organization_new, name="organization-new"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
