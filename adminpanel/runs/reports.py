"""What was told to payment providers and compared with them, as staff read it."""

from dataclasses import dataclass
from datetime import datetime

from billing import provider_runs
from billing.models import Discrepancy, ProviderRun
from billing.providers import registry

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Runs:
    """A page of runs, newest first; `before` is where the next begins."""

    rows: tuple[ProviderRun, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class Telling:
    """A provider that keeps our plans, and when it was last told of them."""

    provider: str
    last: ProviderRun | None


def runs(*, kind: str = "", before: int | None = None, limit: int = PAGE_SIZE) -> Runs:
    rows = ProviderRun.objects.select_related("asked_by").order_by("-id")
    rows = rows.defer("lines", "differences")
    if kind:
        rows = rows.filter(kind=kind)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = found[limit - 1].pk if len(found) > limit else None
    return Runs(tuple(found[:limit]), before=more)


def differences_of(run: ProviderRun) -> list[Discrepancy]:
    """Return what a run found, as it stands now: open, gone, or accepted by somebody."""
    rows = Discrepancy.objects.filter(pk__in=run.differences)
    return list(rows.select_related("organization", "settled_by").order_by("-id"))


def tellings() -> list[Telling]:
    """Return the providers that can be told of the catalogue; one statement each."""
    kind = ProviderRun.Kind.CATALOGUE
    return [
        Telling(name, provider_runs.newest(kind, name))
        for name in registry.available()
        if hasattr(registry.get(name), "tell_catalogue")
    ]


def is_broken_off(run: ProviderRun, *, now: datetime) -> bool:
    """Whether it was begun so long ago that nobody does it any more."""
    begun = run.started_at
    return (
        run.finished_at is None
        and begun is not None
        and begun < now - provider_runs.BROKEN_OFF_AFTER
    )
