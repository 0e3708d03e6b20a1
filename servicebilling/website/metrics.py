"""What is measured, in Prometheus' text format, for whoever has the token."""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from servicebilling.lib import deadline, metrics
from servicebilling.website import monitoring

DATABASE_ANSWERS_WITHIN_SECONDS = 3.0
_PREFIX = "servicebilling_"


@login_not_required
@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """`Authorization: Bearer METRICS_TOKEN`. Without a token set, or with another, there is
    no such page. While the database is down it still tells what the processes counted."""
    if not _shows_token(request):
        raise Http404
    text = generate_latest(metrics.counted()) + generate_latest(_of_tables())
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _shows_token(request: HttpRequest) -> bool:
    expected: str = settings.METRICS_TOKEN
    shown = request.headers.get("Authorization", "")
    return bool(expected) and hmac.compare_digest(
        shown.encode(), f"Bearer {expected}".encode()
    )


def _of_tables() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Tables())
    return registry


class _Tables:
    """The gauges of `monitoring`, and whether the database told them."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        figures: list[monitoring.Figure] = []
        is_up = True
        try:
            with deadline.within(DATABASE_ANSWERS_WITHIN_SECONDS):
                figures = monitoring.read(now=timezone.now())
        except Error:
            is_up = False
            connection.close()
        families: dict[str, GaugeMetricFamily] = {}
        for figure in figures:
            if figure.name not in families:
                families[figure.name] = GaugeMetricFamily(
                    _PREFIX + figure.name, figure.about, labels=list(figure.labels)
                )
            families[figure.name].add_metric(list(figure.labels.values()), figure.value)
        yield GaugeMetricFamily(
            f"{_PREFIX}database_up", "Whether the database answers.", value=float(is_up)
        )
        yield from families.values()
