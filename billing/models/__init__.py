from billing.models.catalog import MinuteBundle, Plan
from billing.models.inbox import PaymentEvent
from billing.models.plan_checkouts import PlanCheckout
from billing.models.purchases import Payment, Purchase
from billing.models.subscriptions import Subscription, SubscriptionItem, SubscriptionStatus
from billing.models.topups import AutoTopUp, AutoTopUpPause, TopUp

__all__ = [
    "AutoTopUp",
    "AutoTopUpPause",
    "MinuteBundle",
    "Payment",
    "PaymentEvent",
    "Plan",
    "PlanCheckout",
    "Purchase",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionStatus",
    "TopUp",
]
