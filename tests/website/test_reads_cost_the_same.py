"""Whatever is read costs the same with a short history and with a long one.

Each address is read twice: with two months of four calls a day behind it, and with ten. It
must take as many statements, and these must read as many rows of the tables that grow with
every call. Rows are counted by the server, which is told to walk along an index wherever there
is one: at this size it would rightly read whole tables.
"""

import re
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from metering.models import BillingCycle, Call
from metering.outgoing import endpoints
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db

# They get rows with every call; `daily_usage` has a row a day, and is read by days.
GROWING = (
    "calls",
    "decisions",
    "holds",
    "inbound_messages",
    "minute_transactions",
    "usage_events",
    "wallet_transactions",
    "webhook_deliveries",
)
SHORT, LONG = (1, 60), (61, 300)
# A page may end in the middle of what lies at one moment.
SLACK_ROWS = 4

MOMENTS = """
WITH moments AS (
  SELECT day * 4 + part AS n,
    %(now)s::timestamptz - day * interval '1 day' - part * interval '1 hour' AS t
  FROM generate_series(%(first)s::int, %(last)s::int) day, generate_series(1, 4) part)
"""
ROWS = (
    """
INSERT INTO calls (id, organization_id, provider, provider_call_id, direction, agent_id,
  phone_number_id, call_from, call_to, occurred_at, started_at, ended_at, duration_seconds,
  billed_seconds, billed_minutes, minutes_from_plan, minutes_from_credit, minutes_charged,
  seconds_charged, cost_breakdown, price, currency, status, ended_reason, refusal,
  is_unadmitted, flags, revision, created_at, cycle_id)
SELECT md5('b' || n)::uuid, %(organization)s, 'vapi', 'b' || n, 'inbound', %(agent)s,
  %(number)s, '+15552000001', '+15550100', t, t, t + interval '80 seconds', 80, 120, 2, 2, 0,
  0, 0, '{}', 0.1, 'USD', 'completed', 'customer-ended-call', '', false, '{}', 1, t, %(cycle)s
FROM moments""",
    """
INSERT INTO decisions (organization_id, provider, provider_call_id, result, rule,
  would_refuse, inputs, minutes, seconds_max, created_at)
SELECT %(organization)s, 'vapi', 'b' || n, 'admitted', 'ok', false, '{}', 3, 175, t
FROM moments""",
    """
INSERT INTO holds (id, organization_id, reference, kind, minutes, seconds_max, rate_card_id,
  cycle_id, control_url, state, created_at, expires_at, closed_at)
SELECT gen_random_uuid(), %(organization)s, 'vapi:b' || n, 'call', 3, 175, %(card)s, %(cycle)s,
  '', 'settled', t, t, t
FROM moments""",
    """
INSERT INTO inbound_messages (provider, kind, external_id, body, state, attempts, error,
  received_at, processed_at, organization_id, provider_call_id)
SELECT 'vapi', 'end-of-call-report', 'b' || n, '{}', 'processed', 1, '', t, t,
  %(organization)s, 'b' || n
FROM moments""",
    """
INSERT INTO minute_transactions (organization_id, kind, reference, cycle_id, rate_card_id,
  reason, created_at, used_change, credit_change, charged_change, amount, currency, used_after,
  credit_after, call_id)
SELECT %(organization)s, 'usage', 'vapi:b' || n, %(cycle)s, %(card)s, '', t, 2, 0, 0, 0, 'USD',
  2, 0, md5('b' || n)::uuid
FROM moments ORDER BY t""",
    """
INSERT INTO wallet_transactions (organization_id, kind, reference, cycle_id, reason,
  created_at, amount, balance_after, currency, call_id)
SELECT %(organization)s, 'usage', 'usage:b' || n, %(cycle)s, '', t, -0.1, 1, 'USD',
  md5('b' || n)::uuid
FROM moments ORDER BY t""",
    """
INSERT INTO usage_events (id, organization_id, meter, direction, quantity, total, currency,
  idempotency_key, metadata, occurred_at, processed_at, cycle_id)
SELECT gen_random_uuid(), %(organization)s, 'api_call', '', 1, 0, 'USD', 'b' || n, '{}', t, t,
  %(cycle)s
FROM moments""",
    """
INSERT INTO webhook_deliveries (id, organization_id, endpoint_id, event_id, kind, data,
  occurred_at, state, attempts, error)
SELECT gen_random_uuid(), %(organization)s, %(endpoint)s, gen_random_uuid(), 'call.refused',
  '{}', t, 'delivered', 1, ''
FROM moments""",
    """
INSERT INTO daily_usage (organization_id, day, meter, agent_id, phone_number_id, count,
  quantity, talk_seconds, hours, cost, price)
SELECT %(organization)s, (t AT TIME ZONE 'UTC')::date, 'voice_minute', %(agent)s, %(number)s,
  count(*), 8, 320, array_fill(0, ARRAY[24]), 0, 0.4
FROM moments GROUP BY 2""",
)

API = [
    "/api/usage",
    "/api/usage/current",
    "/api/usage/history",
    "/api/usage/calls",
    "/api/usage/calls?limit=5",
    "/api/usage/check?event_type=api_call&quantity=1",
    "/api/webhook-endpoints",
    "/api/webhook-deliveries",
    "/api/billing/analytics",
    "/api/billing/status",
    "/api/billing/plans",
    "/api/billing/bundles",
    "/api/billing/documents",
]
PAGES = [
    "/dashboard",
    "/dashboard/live",
    "/dashboard/calls",
    "/dashboard/calls?q=0001",
    "/dashboard/usage",
    "/dashboard/usage/plans",
    "/dashboard/exports",
    "/dashboard/billing",
    "/dashboard/billing/history",
    "/dashboard/billing/documents",
    "/dashboard/billing/auto-top-up",
    "/dashboard/team",
    "/dashboard/api-keys",
    "/dashboard/webhooks",
    "/dashboard/settings",
]
STAFF = ["calls", "organizations", "webhooks", "mailbox", "prices"]


@dataclass(frozen=True, slots=True)
class Cost:
    statements: int
    # Of tables that grow.
    rows: int


@pytest.fixture
def grow(organization, number, now):
    """Adds history to the organization, day by day backwards."""
    made, _ = endpoints.add(
        organization,
        url="https://hooks.example.com/",
        kinds=["minutes.low"],
        actor="test",
        now=now,
    )
    cycle = BillingCycle.objects.get(organization=organization)
    about = {
        "organization": organization.pk,
        "agent": number.agent_id,
        "number": number.pk,
        "cycle": cycle.pk,
        "card": cycle.rate_card_id,
        "endpoint": made.id,
        "now": now,
    }

    def add(days: tuple[int, int]) -> None:
        with connection.cursor() as cursor:
            for rows in ROWS:
                cursor.execute(MOMENTS + rows, about | {"first": days[0], "last": days[1]})
            cursor.execute(f"ANALYZE {', '.join(GROWING)}, daily_usage")

    return add


def compare(client, urls: list[str], grow) -> None:
    grow(SHORT)
    short = {url: cost_of(client, url) for url in urls}
    grow(LONG)
    long = {url: cost_of(client, url) for url in urls}
    dearer = {
        url: (short[url], long[url])
        for url in urls
        if long[url].statements != short[url].statements
        or long[url].rows > short[url].rows + SLACK_ROWS
    }
    assert dearer == {}


def cost_of(client, url: str) -> Cost:
    assert client.get(url).status_code == 200, url
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    return Cost(len(asked), sum(rows_read(one["sql"]) for one in asked))


def rows_read(sql: str) -> int:
    """How many rows of growing tables a statement reads, whether it returns them or not."""
    names = "|".join(GROWING)
    if not re.match(r"\s*(SELECT|WITH)\b", sql) or not re.search(rf"\b({names})\b", sql):
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        [(plan,)] = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on")
    return _rows(plan[0]["Plan"])


def _rows(node: dict) -> int:
    below = sum(_rows(one) for one in node.get("Plans", []))
    if node.get("Relation Name") not in GROWING:
        return below
    passed_over = node.get("Rows Removed by Filter", 0)
    return below + round((node["Actual Rows"] + passed_over) * node["Actual Loops"])


def test_reading_over_the_api(organization, key_client, grow):
    issued = make.make_key(organization=organization, scopes=["admin"])
    compare(key_client(issued), API, grow)


def test_pages_of_a_customer(owner, client_of, catalogue, grow):
    month = f"/dashboard/statements/{timezone.now():%Y-%m}"
    compare(client_of(owner), [*PAGES, month], grow)


def test_the_page_of_one_call(owner, client_of, grow):
    grow(SHORT)
    call = Call.objects.order_by("-occurred_at")[0]
    url = reverse("website:call", args=[call.pk])
    browser = client_of(owner)
    short = cost_of(browser, url)
    grow(LONG)
    assert cost_of(browser, url) == short


def test_pages_of_staff(client_of, grow):
    root = make.make_user(email="root@example.org", is_staff=True)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    urls = ["/admin/", *(reverse(f"adminpanel:{name}") for name in STAFF)]
    compare(client_of(User.objects.get(pk=root.pk)), urls, grow)


def test_what_reads_everything_is_found_out(grow):
    """The measure itself: a sum over all calls grows with them."""
    grow(SHORT)
    short = rows_read("SELECT sum(billed_minutes) FROM calls")
    grow(LONG)
    assert rows_read("SELECT sum(billed_minutes) FROM calls") == 5 * short == 1200
