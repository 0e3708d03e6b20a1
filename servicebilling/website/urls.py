from django.urls import path

from servicebilling.website import health, views

app_name = "website"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard", views.dashboard, name="dashboard"),
    path("dashboard/live", views.dashboard_live, name="dashboard-live"),
    path("organizations/new", views.organization_new, name="organization-new"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]
