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
from metering.calls.models import (
    Agent,
    Call,
    Decision,
    Direction,
    InboundMessage,
    PhoneNumber,
)
from metering.usage.models import DailyUsage, UsageEvent

__all__ = [
    "Agent",
    "Allowance",
    "BillingCycle",
    "Call",
    "CycleCharge",
    "DailyUsage",
    "Decision",
    "Direction",
    "Hold",
    "InboundMessage",
    "Kind",
    "MinuteTransaction",
    "OverageCharge",
    "PhoneNumber",
    "Rate",
    "RateCard",
    "UsageEvent",
    "Wallet",
    "WalletTransaction",
    "WhenExhausted",
]
