from django.apps import AppConfig


class ServiceBillingConfig(AppConfig):
    name = "servicebilling"

    def ready(self) -> None:
        # Loaded here and not in __init__.py, so that importing a pure module such as
        # servicebilling.lib.money loads neither Celery nor Django.
        from servicebilling import celery  # noqa: F401
