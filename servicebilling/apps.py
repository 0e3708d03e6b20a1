from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ServiceBillingConfig(AppConfig):
    name = "servicebilling"

    def ready(self) -> None:
        # Loaded here and not in __init__.py, so that importing a pure module such as
        # servicebilling.lib.money loads neither Celery nor Django.
        from django.apps import apps

        from servicebilling import celery, clockwork  # noqa: F401

        post_migrate.connect(
            clockwork.make_missing_entries,
            sender=apps.get_app_config("django_celery_beat"),
            dispatch_uid="clockwork",
        )
