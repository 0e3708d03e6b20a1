"""What beat does, and how often. Entries are made once, by name, after a migration; what an
operator changes in the admin afterwards is never overwritten."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    task: str
    every_seconds: int


ENTRIES = (
    Entry("Roll over billing cycles", "metering.tasks.roll_over_cycles", 60),
    Entry("Close holds without a report", "metering.tasks.sweep_holds", 60),
    Entry("End calls that nothing pays for", "metering.tasks.end_calls", 5),
    Entry("Tell calls that they end in a minute", "metering.tasks.tell_last_minutes", 10),
    Entry("Compare calls with the provider's", "metering.tasks.reconcile_calls", 900),
    Entry("Compare three days of calls", "metering.tasks.reconcile_calls_nightly", 86400),
    Entry("Look at the provider's set-up", "metering.tasks.audit_provider_set_up", 3600),
    Entry("End usage holds that ran out", "metering.tasks.sweep_usage_holds", 60),
    Entry("Send webhooks to customers", "metering.tasks.deliver_webhooks", 10),
    Entry("Charge the rental of numbers", "metering.tasks.charge_number_rentals", 3600),
    Entry("Retry stored messages", "metering.tasks.retry_messages", 30),
    Entry("Process payment events", "billing.tasks.process_due_events", 30),
    Entry("Deliver overage", "billing.tasks.deliver_overage", 60),
    Entry("Bill closed months and issue documents", "billing.tasks.bill_months", 300),
    Entry("Compare overage with the provider", "billing.tasks.check_overage", 3600),
    Entry("Reconcile payments", "billing.tasks.reconcile_payments", 86_400),
    Entry(
        "Tell the provider of billing details", "billing.tasks.tell_customer_details", 60
    ),
    Entry("Sum money by day", "billing.tasks.sum_money_days", 600),
    Entry(
        "Tell catalogues that staff asked for", "billing.tasks.tell_asked_catalogues", 60
    ),
    Entry("Give ordered refunds", "billing.tasks.give_refunds", 600),
    Entry("End the grace of failed renewals", "billing.tasks.end_grace", 300),
    Entry("Make files that wait", "metering.tasks.make_waiting_exports", 60),
    Entry("Make files of everything", "billing.tasks.make_waiting_archives", 60),
    Entry("Erase closed organizations that asked", "billing.tasks.erase_what_is_due", 3600),
    Entry("Ask about payments under way", "billing.tasks.verify_pending_payments", 600),
    Entry(
        "Notice subscriptions that were not renewed", "billing.tasks.notice_unrenewed", 300
    ),
    Entry("Fill wallets that calls found low", "billing.tasks.charge_top_ups", 15),
    Entry("Fill wallets that are low", "billing.tasks.charge_low_wallets", 600),
    Entry("Compare payments with the providers'", "billing.tasks.compare_payments", 86400),
    Entry(
        "Write letters to those who run low", "billing.tasks.write_low_usage_letters", 3600
    ),
    Entry("Write letters about what happened", "billing.tasks.write_letters", 60),
    Entry("Tell staff what needs a look", "billing.tasks.write_staff_digest", 86400),
    Entry("Post letters", "billing.tasks.post_letters", 60),
    Entry("Show that the clock turns", "metering.tasks.heartbeat", 60),
    Entry("Check all books and sums", "metering.tasks.check_books", 3600),
    Entry("Forget what is personal and old", "billing.tasks.purge_personal_data", 86400),
    Entry("Forget old runs and unreadable messages", "metering.tasks.purge", 3600),
)


def make_missing_entries(**_: Any) -> None:
    """Receiver of `post_migrate` of django-celery-beat."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    for entry in ENTRIES:
        if PeriodicTask.objects.filter(name=entry.name).exists():
            continue
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=entry.every_seconds, period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.create(name=entry.name, task=entry.task, interval=interval)
