"""Every page of the customer's site. `test_every_page` fails when one is missing here."""

from django.urls import reverse

from tests.pages.samples import SAMPLES, Cast

# Without signing in; `/no-such-page` is what an error looks like.
AT_THE_DOOR = [
    "/",
    "/pricing",
    "/pricing?payment=cancelled",
    "/api/docs",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/no-such-key/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no-key/",
    "/accounts/password/reset/key/done/",
    "/accounts/inactive/",
    "/invitations/no-such-token",
    "/letters/no-such-token",
    "/no-such-page",
]
# Of an owner.
INSIDE = [
    "/",
    "/pricing",
    "/dashboard",
    "/dashboard/calls",
    "/dashboard/usage",
    "/dashboard/usage/plans",
    "/dashboard/usage/events",
    "/dashboard/exports",
    "/dashboard/billing",
    "/dashboard/billing/history",
    "/dashboard/billing/success",
    "/dashboard/billing/documents",
    "/dashboard/billing/details",
    "/dashboard/billing/auto-top-up",
    "/dashboard/billing/plan",
    "/dashboard/alerts",
    "/dashboard/alerts/history",
    "/dashboard/alerts/refused",
    "/dashboard/team",
    "/dashboard/api-keys",
    "/dashboard/webhooks",
    "/dashboard/settings",
    "/dashboard/settings/data",
    "/dashboard/settings/close",
    "/organizations/new",
    "/accounts/sessions/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
]
# Of somebody with a second factor.
WITH_SECOND_FACTOR = [
    "/accounts/2fa/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/reauthenticate/",
]
# Of one call, document or month.
OF_SAMPLES = [
    "website:call",
    "website:document",
    "website:statement",
    "website:usage-event",
]
# Parts that a page fetches again, and what needs a step before it.
NO_PAGES = {
    "website:dashboard-live",
    "website:billing-success-live",
    # Asked for in the middle of signing in; its form is that of the second factor.
    "mfa_authenticate",
    "account_confirm_login_code",
    "account_set_password",
    # Shadowed by our own page of sign-ins.
    "usersessions_list",
}


def inside(cast: Cast) -> list[str]:
    """Return the addresses of all pages that an owner sees, those of samples too."""
    samples = [reverse(name, kwargs=SAMPLES[name].own(cast)) for name in OF_SAMPLES]
    return INSIDE + samples
