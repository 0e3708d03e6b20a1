"""The side bar of the staff site: pages by what staff do, not by app. What somebody may not
see is not shown."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from adminpanel.mail import caught


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the side bar's groups (UNFOLD.SIDEBAR.navigation)."""
    return [*_work(), *_books(), *_records()]


def _work() -> list[dict[str, Any]]:
    return [
        {
            "title": "Operation",
            "items": [
                _link("Overview", "monitoring", reverse("admin:index")),
                _link(
                    "Organizations",
                    "apartment",
                    reverse("adminpanel:organizations"),
                    right="accounts.view_organization",
                ),
                _link(
                    "Calls", "call", reverse("adminpanel:calls"), right="metering.view_call"
                ),
                _link(
                    "Without organization",
                    "help_center",
                    reverse("adminpanel:unmatched"),
                    right="metering.view_inboundmessage",
                ),
                _link(
                    "Refusals",
                    "phone_disabled",
                    reverse("adminpanel:refusals"),
                    right="metering.view_decision",
                ),
                _model("Decisions", "rule", "metering", "decision"),
                _model("Open holds", "hourglass", "metering", "hold"),
                _model("Numbers", "dialpad", "metering", "phonenumber"),
                _model("Agents", "support_agent", "metering", "agent"),
            ],
        },
        {
            "title": "Money",
            "items": [
                _link(
                    "Revenue and margin",
                    "bar_chart",
                    reverse("adminpanel:money"),
                    right="metering.see_money",
                ),
                _model("Subscriptions", "autorenew", "billing", "subscription"),
                _model("Payments", "payments", "billing", "payment"),
                _model("Purchases", "shopping_cart", "billing", "purchase"),
                _model("Top-ups", "add_card", "billing", "topup"),
                _model("Documents", "receipt_long", "billing", "document"),
                _model("Refunds", "undo", "billing", "refund"),
                _model("Disputes", "gavel", "billing", "dispute"),
                _model("Differences", "difference", "billing", "discrepancy"),
                _model("Exchange rates", "currency_exchange", "billing", "exchangerate"),
            ],
        },
    ]


def _books() -> list[dict[str, Any]]:
    return [
        {
            "title": "Books",
            "items": [
                _link(
                    "Ledger",
                    "menu_book",
                    reverse("adminpanel:ledger"),
                    right="metering.view_minutetransaction",
                ),
                _link(
                    "Reconciliation",
                    "balance",
                    reverse("adminpanel:reconciliation"),
                    right="metering.view_bookcheck",
                ),
                _link(
                    "Provider runs",
                    "sync_alt",
                    reverse("adminpanel:runs"),
                    right="billing.view_providerrun",
                ),
                _model("Cycles", "event_repeat", "metering", "billingcycle"),
                _model("Overage", "trending_up", "metering", "overagecharge"),
                _model("Usage events", "data_usage", "metering", "usageevent"),
            ],
        },
    ]


def _records() -> list[dict[str, Any]]:
    return [
        {
            "title": "Messages",
            "items": [
                _link(
                    "Webhooks",
                    "inbox",
                    reverse("adminpanel:webhooks"),
                    right="metering.view_inboundmessage",
                ),
                _model("Payment events", "mark_email_unread", "billing", "paymentevent"),
                _model("Letters", "mail", "billing", "letter"),
                _model("Bounced addresses", "unsubscribe", "billing", "bouncedaddress"),
                {
                    "title": "Mailbox",
                    "icon": "inbox_customize",
                    "link": reverse("adminpanel:mailbox"),
                    "permission": lambda request: caught.is_open_to(request.user),
                },
            ],
        },
        {
            "title": "Catalogue and settings",
            "items": [
                _link(
                    "Prices and rates",
                    "percent",
                    reverse("adminpanel:prices"),
                    right="accounts.add_setting",
                ),
                _link(
                    "Plans and bundles",
                    "sell",
                    reverse("adminpanel:catalogue"),
                    # Finance reads it, too.
                    right="metering.see_money",
                ),
                _model("Rate cards", "price_change", "metering", "ratecard"),
                _link(
                    "Settings",
                    "tune",
                    reverse("adminpanel:settings"),
                    right="accounts.add_setting",
                ),
            ],
        },
        {
            "title": "People",
            "items": [
                _model("Users", "person", "accounts", "user"),
                _model("API keys", "key", "accounts", "apikey"),
                _model("Audit trail", "history", "accounts", "auditentry"),
            ],
        },
    ]


def _model(title: str, icon: str, app: str, model: str) -> dict[str, Any]:
    place = reverse(f"admin:{app}_{model}_changelist")
    return _link(title, icon, place, right=f"{app}.view_{model}")


def _link(title: str, icon: str, place: str, *, right: str = "") -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": place, "permission": _has(right)}


def _has(right: str) -> Callable[[HttpRequest], bool]:
    return lambda request: not right or request.user.has_perm(right)
