"""Every family of the API, imported so that its operations are known."""

from importlib import import_module

FAMILIES = (
    "accounts",
    "balances",
    "charges",
    "checkout.operations",
    "coupons",
    "credit_notes",
    "customers",
    "disputes",
    "event_destinations",
    "events",
    "invoices.items",
    "invoices.operations",
    "meter_events",
    "meters",
    "payment_intents",
    "payment_methods",
    "portal",
    "prices",
    "products",
    "refunds",
    "schedules",
    "setup_intents",
    "subscriptions.following",
    "subscriptions.item_operations",
    "subscriptions.operations",
    "subscriptions.pausing",
    "subscriptions.previews",
    "tax_ids",
    "test_clocks",
    "webhook_endpoints",
)


def load() -> None:
    for family in FAMILIES:
        import_module(f"{__package__}.{family}")
