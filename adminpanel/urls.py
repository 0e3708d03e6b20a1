from django.urls import path

from adminpanel.calls import views as calls
from adminpanel.catalogue import views as catalogue
from adminpanel.enforcement import views as enforcement
from adminpanel.ledger import views as ledger
from adminpanel.mail import views as mail
from adminpanel.money import differences, invoices, overage, refunds
from adminpanel.organizations import viewing
from adminpanel.organizations import views as organizations
from adminpanel.over_time import views as over_time
from adminpanel.overview import views as overview
from adminpanel.reconciliation import views as reconciliation
from adminpanel.refusals import views as refusals
from adminpanel.runs import views as runs
from adminpanel.settings import dated
from adminpanel.settings import views as settings
from adminpanel.unmatched import views as unmatched
from adminpanel.webhooks import views as webhooks

app_name = "adminpanel"
urlpatterns = [
    path("overview/live", overview.live, name="overview-live"),
    path("calls", calls.calls, name="calls"),
    path("calls/export", calls.export, name="calls-export"),
    path("calls/<uuid:call_id>", calls.call, name="call"),
    path("organizations", organizations.organizations, name="organizations"),
    path(
        "organizations/<uuid:organization_id>",
        organizations.organization,
        name="organization",
    ),
    path(
        "organizations/<uuid:organization_id>/adjust",
        organizations.adjust,
        name="organization-adjust",
    ),
    path(
        "organizations/<uuid:organization_id>/reverse",
        organizations.reverse_adjustment,
        name="organization-reverse",
    ),
    path(
        "organizations/<uuid:organization_id>/enforcement",
        enforcement.enforcement,
        name="organization-enforcement",
    ),
    path(
        "organizations/<uuid:organization_id>/enforcement/switch",
        enforcement.switch,
        name="organization-enforcement-switch",
    ),
    path("ledger", ledger.ledger, name="ledger"),
    path(
        "organizations/<uuid:organization_id>/view-as",
        viewing.view_as,
        name="organization-view-as",
    ),
    path("view-as/end", viewing.end, name="view-as-end"),
    path("letters/<int:letter_id>", mail.preview, name="letter"),
    path("mailbox", mail.mailbox, name="mailbox"),
    path("differences/<int:difference_id>", differences.difference, name="difference"),
    path("invoices/<uuid:document_id>/paid", invoices.paid, name="invoice-paid"),
    path("overage/<int:row_id>", overage.delivery, name="overage"),
    path("payments/<uuid:payment_id>", refunds.payment, name="payment"),
    path("reconciliation", reconciliation.reconciliation, name="reconciliation"),
    path("reconciliation/check", reconciliation.ask_check, name="book-check-ask"),
    path("reconciliation/compare", reconciliation.ask_comparison, name="comparison-ask"),
    path("reconciliation/<int:check_id>", reconciliation.check, name="book-check"),
    path("refusals", refusals.refusals, name="refusals"),
    path("decisions/<int:decision_id>", refusals.decision, name="decision"),
    path("unmatched", unmatched.calls, name="unmatched"),
    path("unmatched/assign", unmatched.assign, name="unmatched-assign"),
    path("webhooks", webhooks.webhooks, name="webhooks"),
    path("webhooks/replay", webhooks.replay, name="webhooks-replay"),
    path("webhooks/<int:message_id>", webhooks.message, name="webhook-message"),
    path("catalogue", catalogue.catalogue, name="catalogue"),
    path("catalogue/new", catalogue.new_plan, name="plan-new"),
    path("catalogue/plans/<slug:code>", catalogue.plan, name="plan"),
    path("catalogue/plans/<slug:code>/offer", catalogue.offer_plan, name="plan-offer"),
    path("catalogue/bundles", catalogue.make_bundle, name="bundle-make"),
    path(
        "catalogue/bundles/<int:bundle_id>/offer",
        catalogue.offer_bundle,
        name="bundle-offer",
    ),
    path("catalogue/tell", runs.tell_catalogue, name="catalogue-tell"),
    path("money", over_time.over_time, name="money"),
    path("runs", runs.runs, name="runs"),
    path("runs/<int:run_id>", runs.run, name="run"),
    path("settings", dated.settings, name="settings"),
    path("settings/<slug:key>", dated.setting, name="setting"),
    path("prices", settings.prices, name="prices"),
    path("prices/rates", settings.enter_rate, name="rates"),
]
