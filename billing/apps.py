from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import verification
        from metering.verification import further

        further.add(verification.RULES)
