from billing.models.catalog import MinuteBundle, Plan
from billing.models.inbox import PaymentEvent
from billing.models.purchases import Payment, Purchase
from billing.models.subscriptions import Subscription, SubscriptionItem, SubscriptionStatus

__all__ = [
    "MinuteBundle",
    "Payment",
    "PaymentEvent",
    "Plan",
    "Purchase",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionStatus",
]
