from django.apps import AppConfig


class MeteringConfig(AppConfig):
    name = "metering"

    def ready(self) -> None:
        from metering.balances import ledger  # noqa: PLC0415
        from metering.notices import telling  # noqa: PLC0415

        # Notices stand above balances, and whatever moves a balance may call for one.
        ledger.watch(telling.watch)
