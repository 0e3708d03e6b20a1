from django.urls import path

from metering import webhooks

app_name = "metering"
urlpatterns = [
    path("webhooks/vapi", webhooks.receive, name="vapi-webhook"),
]
