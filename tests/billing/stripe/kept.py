"""Our catalogue at the sandbox: synced once in earnest, then put back for each test."""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command

from billing.models import Plan
from servicebilling.sandbox.stripe.box import Box


class KeptCatalogue:
    """What `sync_stripe_catalog` leaves at the sandbox and in our tables, without the news of
    it, which would be told to each test anew."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.kept = ""
        self.ids: dict[str, dict[str, Any]] = {}

    def put(self) -> None:
        """Into an empty sandbox, for the shipped catalogue; settings name the sandbox."""
        if not self.kept:
            call_command("sync_stripe_catalog", "--json", stdout=StringIO())
            self._keep()
        with self.box.lock:
            for name, value in json.loads(self.kept).items():
                setattr(self.box, name, value)
            self.box.deliveries.clear()
        for plan in Plan.objects.filter(code__in=self.ids):
            plan.provider_ids = self.ids[plan.code]
            plan.save(update_fields=["provider_ids"])

    def _keep(self) -> None:
        with self.box.lock:
            tables = {
                kind: rows for kind, rows in self.box.tables.items() if kind != "event"
            }
            self.kept = json.dumps(
                {"tables": tables, "destinations": self.box.destinations}
            )
        sold = Plan.objects.exclude(provider_ids={})
        self.ids = dict(sold.values_list("code", "provider_ids"))
