"""What the service brings and costs over time."""

from decimal import Decimal

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from adminpanel import frames
from adminpanel.over_time import reports
from adminpanel.over_time.reports import Span
from billing import losses, plan_margins
from servicebilling.lib import charts
from servicebilling.lib.charts import Chart, Series

ZERO = Decimal(0)
CENT = Decimal("0.01")


@never_cache
@require_safe
@admin.site.admin_view
@permission_required(frames.SEE_MONEY, raise_exception=True)
def over_time(request: HttpRequest) -> HttpResponse:
    by, now = request.GET.get("by", "day"), timezone.now()
    if by not in ("day", "month"):
        raise BadRequest("There are days and months.")
    spans = reports.by_day(now=now) if by == "day" else reports.by_month(now=now)
    shown = {
        "by": by,
        "is_summed": any(one.revenue or one.cost_usd for one in spans)
        or reports.is_summed(),
        "pattern": "j M Y" if by == "day" else "F Y",
        "spans": spans[::-1],
        "lacks_rate": any(one.revenue_usd is None for one in spans),
        "revenue_usd": sum((one.revenue_usd or ZERO for one in spans), start=ZERO),
        "cost_usd": sum((one.cost_usd for one in spans), start=ZERO),
        "chart": _chart(spans, by),
        "plans": plan_margins.lately(now=now),
        "plan_days": losses.SPAN.days,
    }
    return frames.page(request, "over_time/money.html", "Revenue, cost and margin", shown)


def _chart(spans: list[Span], by: str) -> Chart:
    """Columns as high as revenue, with what calls cost at their foot; a loss stands on top
    of it, up to the cost."""
    pattern = "%d %b" if by == "day" else "%b %y"
    covered, margins, lost = [], [], []
    for one in spans:
        # Where a rate lacks, nothing is known but the cost.
        earned = one.cost_usd if one.revenue_usd is None else one.revenue_usd
        revenue = max(ZERO, earned)
        covered.append(min(revenue, one.cost_usd).quantize(CENT))
        margins.append(max(ZERO, revenue - one.cost_usd).quantize(CENT))
        lost.append(max(ZERO, one.cost_usd - revenue).quantize(CENT))
    return charts.stack(
        f"USD by {by}",
        [f"{one.first:{pattern}}" for one in spans],
        [
            Series("two", "Provider cost, paid for", covered),
            Series("one", "Margin", margins),
            Series("loss", "Loss", lost),
        ],
    )
