from billing.models.bounces import BouncedAddress
from billing.models.catalog import MinuteBundle, Plan, PlanVersion
from billing.models.discrepancies import Discrepancy
from billing.models.documents import BillingDetails, Document, DocumentSeries, ToldCustomer
from billing.models.erasures import Erasure
from billing.models.exchange import ExchangeRate
from billing.models.inbox import PaymentEvent
from billing.models.letters import OPTIONAL_KINDS, Letter, LetterChoice
from billing.models.money_days import MoneyDay
from billing.models.overage import OverageDelivery
from billing.models.plan_checkouts import PlanCheckout
from billing.models.provider_runs import ProviderRun
from billing.models.purchases import Payment, Purchase
from billing.models.reversals import Dispute, Refund, RefundOrder
from billing.models.subscriptions import Subscription, SubscriptionItem, SubscriptionStatus
from billing.models.topups import AutoTopUp, AutoTopUpPause, TopUp

__all__ = [
    "OPTIONAL_KINDS",
    "AutoTopUp",
    "AutoTopUpPause",
    "BillingDetails",
    "BouncedAddress",
    "Discrepancy",
    "Dispute",
    "Document",
    "DocumentSeries",
    "Erasure",
    "ExchangeRate",
    "Letter",
    "LetterChoice",
    "MinuteBundle",
    "MoneyDay",
    "OverageDelivery",
    "Payment",
    "PaymentEvent",
    "Plan",
    "PlanCheckout",
    "PlanVersion",
    "ProviderRun",
    "Purchase",
    "Refund",
    "RefundOrder",
    "Subscription",
    "SubscriptionItem",
    "SubscriptionStatus",
    "ToldCustomer",
    "TopUp",
]
