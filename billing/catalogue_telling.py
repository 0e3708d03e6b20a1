"""Tells a payment provider what is sold, where staff asked for it."""

import logging
from datetime import datetime

from billing import offering, provider_runs
from billing.errors import NotSold
from billing.models import ProviderRun
from billing.providers import registry
from billing.providers.base import ProviderError

log = logging.getLogger(__name__)


def tell(run_id: int, *, now: datetime) -> ProviderRun | None:
    """Make a provider's catalogue as ours and write its ids down; what came of it stands in
    the run. None if somebody else has begun it."""
    run = provider_runs.begin(run_id, now=now)
    if run is None:
        return None
    try:
        with provider_runs.kept(run) as tally:
            adapter = registry.keeping_catalogue(run.provider)
            offers = offering.for_provider(run.provider)
            tally.looked_at = len(offers)
            told = adapter.tell_catalogue(offers, is_live_meant=run.is_live_meant)
            changes = [
                *told.changes,
                *offering.keep_ids(told.ids, offers, provider=run.provider, dry_run=False),
            ]
            tally.found = len(changes)
            tally.lines = [f"{one.what} {one.key}: {one.detail}" for one in changes]
            tally.lines += told.notes
    except (ProviderError, NotSold) as error:
        log.error("%s could not be told of the catalogue: %s", run.provider, error)
    return run
