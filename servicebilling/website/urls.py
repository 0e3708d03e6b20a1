from django.urls import path, register_converter

from servicebilling.website import health, metrics
from servicebilling.website.url_parts import Month
from servicebilling.website.views import (
    api_keys,
    api_pages,
    billing,
    calls,
    dashboard,
    documents,
    exports,
    front,
    invitations,
    letters,
    organization_settings,
    organizations,
    paying,
    plan,
    sign_ins,
    team,
    usage,
    wallet,
)

register_converter(Month, "month")
app_name = "website"
urlpatterns = [
    path("", front.home, name="home"),
    path("pricing", front.pricing, name="pricing"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/live", dashboard.dashboard_live, name="dashboard-live"),
    path("dashboard/usage", usage.usage, name="usage"),
    path("dashboard/usage/plans", usage.plans, name="usage-plans"),
    path("dashboard/calls", calls.calls, name="calls"),
    path("dashboard/calls/<uuid:call_id>", calls.call, name="call"),
    path("dashboard/exports", exports.exports, name="exports"),
    path(
        "dashboard/exports/<uuid:export_id>/file", exports.export_file, name="export-file"
    ),
    path("dashboard/statements/<month:month>", exports.statement, name="statement"),
    path("dashboard/billing", billing.billing, name="billing"),
    path("dashboard/billing/history", billing.history, name="billing-history"),
    path("dashboard/billing/documents", documents.documents, name="documents"),
    path(
        "dashboard/billing/documents/<uuid:document_id>",
        documents.document,
        name="document",
    ),
    path("dashboard/billing/details", documents.billing_details, name="billing-details"),
    path("dashboard/billing/success", billing.success, name="billing-success"),
    path(
        "dashboard/billing/success/live", billing.success_live, name="billing-success-live"
    ),
    path("dashboard/billing/subscribe", paying.subscribe, name="subscribe"),
    path("dashboard/billing/buy", paying.buy_minutes, name="buy-minutes"),
    path(
        "dashboard/billing/buy-from-wallet", wallet.buy_from_wallet, name="buy-from-wallet"
    ),
    path("dashboard/billing/auto-top-up", wallet.auto_top_up, name="auto-top-up"),
    path(
        "dashboard/billing/auto-top-up/off", wallet.auto_top_up_off, name="auto-top-up-off"
    ),
    path("dashboard/billing/plan", plan.plan, name="plan"),
    path("dashboard/billing/plan/change", plan.change, name="plan-change"),
    path("dashboard/billing/plan/cancel", plan.cancel, name="plan-cancel"),
    path("dashboard/billing/plan/keep", plan.keep, name="plan-keep"),
    path("dashboard/billing/top-up", paying.top_up, name="top-up"),
    path("dashboard/billing/portal", paying.portal, name="portal"),
    path("dashboard/team", team.team, name="team"),
    path("dashboard/team/invite", team.invite, name="team-invite"),
    path("dashboard/team/withdraw", team.withdraw, name="team-withdraw"),
    path("dashboard/team/role", team.change_role, name="team-role"),
    path("dashboard/team/remove", team.remove, name="team-remove"),
    path("dashboard/team/transfer", team.transfer, name="team-transfer"),
    path("dashboard/team/leave", team.leave, name="team-leave"),
    path("dashboard/api-keys", api_keys.keys, name="api-keys"),
    path("dashboard/api-keys/new", api_keys.issue, name="api-key-new"),
    path("dashboard/api-keys/revoke", api_keys.revoke, name="api-key-revoke"),
    path("dashboard/settings", organization_settings.settings, name="settings"),
    path("dashboard/settings/details", organization_settings.describe, name="describe"),
    path("dashboard/settings/number", organization_settings.assign, name="assign"),
    path("dashboard/settings/agent", organization_settings.rename_agent, name="agent"),
    path("dashboard/settings/close", organization_settings.close, name="close"),
    # In the place of the library's page of sessions, which ends all others or none.
    path("accounts/sessions/", sign_ins.listed, name="sign-ins"),
    path("accounts/sessions/end", sign_ins.end, name="sign-in-end"),
    path("accounts/sessions/end-others", sign_ins.end_others, name="sign-ins-end-others"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("letters/<str:token>", letters.choice, name="letters-choice"),
    path("organizations/new", organizations.organization_new, name="organization-new"),
    path("api/schema", api_pages.schema, name="api-schema"),
    path("api/docs", api_pages.reference, name="api-docs"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.show, name="metrics"),
]
