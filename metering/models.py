"""All tables of metering; each lives with its subject."""

from metering.balances.ledger_models import (
    Kind,
    MinuteTransaction,
    OverageCharge,
    Wallet,
    WalletTransaction,
)
from metering.balances.models import (
    Allowance,
    BillingCycle,
    CycleCharge,
    Hold,
    Rate,
    RateCard,
    WhenExhausted,
)
from metering.balances.top_up_models import TopUpDue, TopUpThreshold
from metering.balances.usage_models import CycleUsage, UsageCharge, UsageHold
from metering.calls.models import (
    Agent,
    Call,
    Decision,
    Direction,
    InboundMessage,
    PhoneNumber,
)
from metering.notices.models import Notice
from metering.outgoing.models import EventKind, WebhookDelivery, WebhookEndpoint
from metering.usage.models import DailyUsage, UsageEvent
from metering.usage.overviews import BillingOverview, MonthlyUsage

__all__ = [
    "Agent",
    "Allowance",
    "BillingCycle",
    "BillingOverview",
    "Call",
    "CycleCharge",
    "CycleUsage",
    "DailyUsage",
    "Decision",
    "Direction",
    "EventKind",
    "Hold",
    "InboundMessage",
    "Kind",
    "MinuteTransaction",
    "MonthlyUsage",
    "Notice",
    "OverageCharge",
    "PhoneNumber",
    "Rate",
    "RateCard",
    "UsageCharge",
    "TopUpDue",
    "TopUpThreshold",
    "UsageEvent",
    "UsageHold",
    "Wallet",
    "WalletTransaction",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WhenExhausted",
]
