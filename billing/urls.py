from django.urls import path

from billing import (
    analytics_api,
    api,
    documents_api,
    mail_webhooks,
    subscription_api,
    webhooks,
)

app_name = "billing"
urlpatterns = [
    path("webhooks/mail/<slug:service>", mail_webhooks.receive, name="mail-webhook"),
    path("webhooks/<slug:provider>", webhooks.receive, name="webhook"),
    path("billing/plans", api.Plans.as_view(), name="plans"),
    path("billing/analytics", analytics_api.Analytics.as_view(), name="analytics"),
    path("billing/bundles", api.Bundles.as_view(), name="bundles"),
    path("billing/documents", documents_api.Documents.as_view(), name="documents"),
    path("billing/status", api.Status.as_view(), name="status"),
    path(
        "billing/create-checkout-session",
        api.CreateCheckoutSession.as_view(),
        name="create-checkout-session",
    ),
    path("billing/portal", api.Portal.as_view(), name="portal"),
    path(
        "billing/subscription/preview",
        subscription_api.Preview.as_view(),
        name="subscription-preview",
    ),
    path(
        "billing/subscription/change",
        subscription_api.Change.as_view(),
        name="subscription-change",
    ),
    path(
        "billing/subscription/cancel",
        subscription_api.Cancel.as_view(),
        name="subscription-cancel",
    ),
    path(
        "billing/subscription/resume",
        subscription_api.Resume.as_view(),
        name="subscription-resume",
    ),
]
