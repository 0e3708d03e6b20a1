from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from django.core import checks

        from billing import verification
        from billing.checks import money_is_heard_of
        from metering.verification import further

        further.add(verification.RULES)
        checks.register(money_is_heard_of, deploy=True)
