"""All URLs of the product. Each app lists its own; this module only joins them."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("servicebilling.website.urls")),
    path("api/", include("metering.urls")),
    path("api/", include("billing.urls")),
    path("api/admin/", include("adminpanel.api.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", include("adminpanel.urls")),
    path("admin/", admin.site.urls),
]

handler500 = "servicebilling.website.failures.server_error"
