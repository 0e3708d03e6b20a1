"""The Celery application. Tasks are wake-ups over rows that the database keeps, so a lost
task loses nothing; see docs/architecture.md."""

import os

from celery import Celery

from servicebilling.lib.logs import tasks as task_logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicebilling.settings")

app = Celery("servicebilling")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
task_logs.follow()
