"""What beat does is complete, made by name, and never overwrites what an operator changed."""

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from servicebilling.clockwork import ENTRIES

# Each job that must exist, by its task.
JOBS = {
    "daily letters": "billing.tasks.write_low_usage_letters",
    "letters about what happened": "billing.tasks.write_letters",
    "posting": "billing.tasks.post_letters",
    "staff digest": "billing.tasks.write_staff_digest",
    "cycle roll-over": "metering.tasks.roll_over_cycles",
    "hold sweeper": "metering.tasks.sweep_holds",
    "inbox of calls": "metering.tasks.retry_messages",
    "inbox of payments": "billing.tasks.process_due_events",
    "outbox of overage": "billing.tasks.deliver_overage",
    "outbox of webhooks": "metering.tasks.deliver_webhooks",
    "pending payments": "billing.tasks.verify_pending_payments",
    "reconciling calls": "metering.tasks.reconcile_calls",
    "reconciling calls, three days": "metering.tasks.reconcile_calls_nightly",
    "reconciling payments": "billing.tasks.reconcile_payments",
    "books and roll-ups": "metering.tasks.check_books",
    "retention": "billing.tasks.purge_personal_data",
    "forgetting runs": "metering.tasks.purge",
    "heartbeat": "metering.tasks.heartbeat",
}


def test_every_job_has_its_entry_and_every_entry_a_task():
    assert set(JOBS.values()) <= {entry.task for entry in ENTRIES}
    for entry in ENTRIES:
        assert entry.task in current_app.tasks, entry.name
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.django_db
def test_a_migration_makes_what_is_missing_and_keeps_what_was_edited():
    edited = PeriodicTask.objects.get(name="Post letters")
    edited.interval, _ = IntervalSchedule.objects.get_or_create(
        every=7, period=IntervalSchedule.MINUTES
    )
    edited.enabled = False
    edited.save()
    PeriodicTask.objects.filter(name="Close holds without a report").delete()

    for _ in range(2):
        call_command("migrate", verbosity=0)

    assert PeriodicTask.objects.filter(name="Close holds without a report").count() == 1
    edited.refresh_from_db()
    assert (edited.interval.every, edited.enabled) == (7, False)
    made = dict(PeriodicTask.objects.values_list("name", "task"))
    assert {(entry.name, entry.task) for entry in ENTRIES} <= set(made.items())


def test_a_killed_worker_leaves_its_task_to_another():
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    # Redelivered only after every task has ended, or met its limit.
    visible_after = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    limits = {name: task.time_limit for name, task in current_app.tasks.items()}
    assert visible_after > settings.CELERY_TASK_TIME_LIMIT
    assert visible_after > max(limit for limit in limits.values() if limit)
