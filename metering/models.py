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
from metering.calls.forwarding_models import Forward, HumanLine
from metering.calls.models import (
    Agent,
    Call,
    Decision,
    Direction,
    InboundMessage,
    PhoneNumber,
)
from metering.calls.placement_models import CallEnding, Placement
from metering.calls.watching_models import (
    CallDifference,
    ProviderBalance,
    Reconciliation,
    SetUpFinding,
)
from metering.notices.models import Notice
from metering.outgoing.models import EventKind, WebhookDelivery, WebhookEndpoint
from metering.usage.export_models import Export, ExportPart
from metering.usage.models import DailyUsage, UsageEvent
from metering.usage.overviews import BillingOverview, MonthlyUsage
from metering.verification.models import BookCheck

__all__ = [
    "Agent",
    "Allowance",
    "BillingCycle",
    "BillingOverview",
    "BookCheck",
    "Call",
    "CallDifference",
    "CallEnding",
    "CycleCharge",
    "CycleUsage",
    "DailyUsage",
    "Decision",
    "Direction",
    "EventKind",
    "Forward",
    "Export",
    "ExportPart",
    "Hold",
    "HumanLine",
    "InboundMessage",
    "Kind",
    "MinuteTransaction",
    "MonthlyUsage",
    "Notice",
    "OverageCharge",
    "PhoneNumber",
    "ProviderBalance",
    "Placement",
    "Rate",
    "RateCard",
    "Reconciliation",
    "SetUpFinding",
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
