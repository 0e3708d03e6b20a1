from django.urls import path

from adminpanel.overview import views as overview

app_name = "adminpanel"
urlpatterns = [
    path("overview/live", overview.live, name="overview-live"),
]
