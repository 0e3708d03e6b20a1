"""The meter that overage is counted on."""

from typing import Any

from billing.providers.stripe.journal import Journal

EVENT_NAME = "voice_call_minutes"


def ensure(journal: Journal) -> str:
    """Return the id of the meter for minutes beyond the included ones."""
    found = journal.gateway.ask_all(
        lambda client: client.v1.billing.meters.list({"status": "active", "limit": 100})
    )
    mine = next((row for row in found if row["event_name"] == EVENT_NAME), None)
    if mine is not None:
        return str(mine["id"])
    params: Any = {
        "display_name": "Voice call minutes beyond the plan",
        "event_name": EVENT_NAME,
        "default_aggregation": {"formula": "sum"},
    }
    made = journal.do(
        "meter",
        EVENT_NAME,
        "made",
        lambda client: client.v1.billing.meters.create(params),
    )
    return str(made["id"])
