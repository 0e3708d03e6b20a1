"""What the file of everything contains: which columns of which table, under which name.

Every table that names an organization is here or in LEFT_OUT, with the reason; a test holds
that. Secrets and fingerprints of secrets are never columns.
"""

from dataclasses import dataclass

from django.db.models import Model

from accounts import models as accounts
from billing import models as billing
from metering import models as metering


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    model: type[Model]
    about: str
    # Paths as querysets take them.
    columns: tuple[str, ...]


def _sheet(name: str, model: type[Model], about: str, columns: str) -> Sheet:
    return Sheet(name, model, about, tuple(columns.split()))


SHEETS = (
    _sheet(
        "members",
        accounts.Membership,
        "who belongs to the organization",
        "user__name user__email role created_at",
    ),
    _sheet(
        "invitations",
        accounts.Invitation,
        "who was invited, and what came of it",
        "email role invited_by__email created_at expires_at accepted_at revoked_at",
    ),
    _sheet(
        "api_keys",
        accounts.ApiKey,
        "programs' keys, without the keys",
        "prefix name scopes created created_by__email expiry_date revoked last_used_at",
    ),
    _sheet(
        "settings",
        accounts.Setting,
        "settings of the organization with the moment from which they hold",
        "key value valid_from created_by__email",
    ),
    _sheet(
        "trail",
        accounts.AuditEntry,
        "who did what, when",
        "id created_at actor_label action detail",
    ),
    _sheet(
        "agents",
        metering.Agent,
        "who answers calls",
        "id name provider provider_assistant_id refusal_text created_at",
    ),
    _sheet(
        "phone_numbers",
        metering.PhoneNumber,
        "your numbers, and from when until when they were yours",
        "e164 label provider provider_number_id agent__name valid_from valid_to",
    ),
    _sheet(
        "human_line",
        metering.HumanLine,
        "who takes refused calls",
        "e164 confirmed_at created_at",
    ),
    _sheet(
        "forwards",
        metering.Forward,
        "refused calls that were handed over",
        "provider_call_id e164 rule created_at",
    ),
    _sheet(
        "calls",
        metering.Call,
        "every call: raw and billed time, how it was paid, its price",
        "id provider provider_call_id direction agent__name call_from call_to occurred_at"
        " started_at ended_at duration_seconds billed_seconds billed_minutes"
        " minutes_from_plan minutes_from_credit minutes_charged seconds_charged price"
        " currency rate_card__code cycle_id status ended_reason refusal flags settled_at",
    ),
    _sheet(
        "decisions",
        metering.Decision,
        "every answer to whether a call may connect, with what it was decided on",
        "id created_at provider_call_id result rule would_refuse minutes seconds_max inputs",
    ),
    _sheet(
        "placed_calls",
        metering.Placement,
        "calls that were placed through us",
        "id kind provider_call_id call_to campaign_id contact_id idempotency_key state"
        " created_at",
    ),
    _sheet(
        "minute_transactions",
        metering.MinuteTransaction,
        "the ledger of minutes",
        "id created_at kind used_change credit_change used_after credit_after amount"
        " currency reason reference",
    ),
    _sheet(
        "wallet_transactions",
        metering.WalletTransaction,
        "the ledger of the wallet",
        "id created_at kind amount balance_after currency reason reference",
    ),
    _sheet(
        "billing_cycles",
        metering.BillingCycle,
        "your months",
        "id starts_at ends_at rate_card__code included_minutes minutes_used"
        " overage_minutes state is_paid",
    ),
    _sheet(
        "usage_events",
        metering.UsageEvent,
        "every use of a meter",
        "id meter quantity unit_price total currency idempotency_key metadata occurred_at",
    ),
    _sheet(
        "daily_usage",
        metering.DailyUsage,
        "sums by day, meter, agent and number",
        "day meter agent__name phone_number__e164 count quantity price",
    ),
    _sheet(
        "notices",
        metering.Notice,
        "thresholds that were crossed",
        "kind threshold currency created_at",
    ),
    _sheet(
        "webhook_endpoints",
        metering.WebhookEndpoint,
        "where your webhooks go, without their secrets",
        "id url kinds created_at removed_at",
    ),
    _sheet(
        "webhook_deliveries",
        metering.WebhookDelivery,
        "webhooks of the last month",
        "id endpoint__url kind data occurred_at state",
    ),
    _sheet(
        "subscriptions",
        billing.Subscription,
        "plans that were subscribed to",
        "id plan__name billing_period price currency provider provider_subscription_id"
        " status period_starts_at period_ends_at cancel_at canceled_at ended_at"
        " customer_email created_at",
    ),
    _sheet(
        "purchases",
        billing.Purchase,
        "minutes that were bought",
        "id minutes price currency provider state created_at",
    ),
    _sheet(
        "payments",
        billing.Payment,
        "payments that arrived",
        "id amount currency provider provider_payment_id created_at",
    ),
    _sheet(
        "top_ups",
        billing.TopUp,
        "money put into the wallet",
        "id amount currency provider state created_at",
    ),
    _sheet(
        "auto_top_up",
        billing.AutoTopUp,
        "the standing order that fills the wallet",
        "is_on threshold amount max_per_day max_per_month currency card_label updated_at",
    ),
    _sheet(
        "refunds",
        billing.Refund,
        "money that went back",
        "id amount currency provider provider_id status reason minutes wallet_amount"
        " created_at",
    ),
    _sheet(
        "plan_checkouts",
        billing.PlanCheckout,
        "plans on their way to being paid",
        "id plan__name billing_period amount currency provider email state created_at",
    ),
    _sheet(
        "overage_charges",
        metering.OverageCharge,
        "minutes beyond the plan",
        "id call_id minutes amount currency occurred_at",
    ),
    _sheet(
        "usage_charges",
        metering.UsageCharge,
        "other usage beyond the plan",
        "id meter quantity amount currency occurred_at",
    ),
    _sheet(
        "disputes",
        billing.Dispute,
        "payments that were disputed",
        "id amount currency provider status reason created_at",
    ),
    _sheet(
        "billing_details",
        billing.BillingDetails,
        "who stands on documents",
        "name line1 line2 postal_code city region country tax_id_type tax_id",
    ),
    _sheet(
        "documents",
        billing.Document,
        "invoices, receipts and credit notes",
        "id kind state number provider provider_document_id subtotal tax total"
        " amount_paid currency customer lines issued_at due_at paid_at",
    ),
    _sheet(
        "letters",
        billing.Letter,
        "letters that were written to you",
        "kind address about words state created_at delivered_at",
    ),
    _sheet(
        "letter_choices",
        billing.LetterChoice,
        "who wants which letters",
        "address kind is_wanted changed_at",
    ),
)

# Why a table that names an organization is not in the file.
LEFT_OUT: dict[type[Model], str] = {
    metering.Allowance: "counters, which the ledger of minutes adds up to",
    metering.Wallet: "the sum of its transactions",
    metering.CycleCharge: "sums of calls",
    metering.CycleUsage: "sums of usage events",
    metering.MonthlyUsage: "a view of calls",
    metering.BillingOverview: "a view of the running cycle",
    metering.Hold: "what was set aside for calls while they ran; the decision says it",
    metering.UsageHold: "the same for other meters",
    metering.TopUpThreshold: "repeats the standing order",
    metering.TopUpDue: "a note between two programs of ours",
    metering.InboundMessage: "the calls are what came of them",
    metering.CallEnding: "a note of ours to end a call",
    metering.CallDifference: "a comparison of ours with the provider",
    metering.SetUpFinding: "a comparison of ours with the provider",
    metering.Export: "files made of the tables that are here",
    billing.PaymentEvent: "the payments are what came of them",
    billing.RefundOrder: "an order of our staff; the refund is what came of it",
    billing.ToldCustomer: "repeats the billing details, as a provider was told them",
    billing.OverageDelivery: "a note of ours to the payment provider",
    billing.AutoTopUpPause: "a note of ours that a letter is due",
    billing.Discrepancy: "a comparison of ours with the provider",
    billing.Erasure: "says that there is nothing left to take away",
    accounts.IdempotentRequest: "answers to repeated requests, kept a day",
}
