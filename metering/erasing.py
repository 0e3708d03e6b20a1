"""Erasing who called whom. Calls, their times, prices and ledgers stay as they are."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from accounts.models import Organization
from metering.models import (
    Agent,
    Call,
    CallEnding,
    Export,
    Forward,
    HumanLine,
    InboundMessage,
    PhoneNumber,
    Placement,
    SetUpFinding,
    WebhookDelivery,
    WebhookEndpoint,
)
from servicebilling.lib import staff_log
from servicebilling.lib.phone_numbers import ERASED

# Where a number must have the form of one: +999 is no country's.
NOBODYS_NUMBER = "+999000000"
_NOWHERE = "https://erased.invalid/"


def erase_organization(organization: Organization, *, now: datetime) -> dict[str, int]:
    """Erase numbers, names and messages of an organization; returns how many rows of what.

    Call it within a transaction, after the organization was closed.
    """
    mine = {"organization": organization}
    counts = {
        "calls": Call.objects.filter(**mine)
        .exclude(call_from__in=["", ERASED], call_to__in=["", ERASED])
        .update(call_from=ERASED, call_to=ERASED),
        "messages": InboundMessage.objects.filter(**mine)
        .exclude(body={}, error="")
        .update(body={}, error="", redacted_at=now),
        "webhooks": WebhookDelivery.objects.filter(**mine).update(data={}, error=""),
        "placed calls": Placement.objects.filter(**mine).update(
            call_to=ERASED, contact_id="", campaign_id="", join_url="", error=""
        ),
        "forwards": Forward.objects.filter(**mine).update(e164=ERASED),
        "numbers": PhoneNumber.objects.filter(**mine).update(e164=NOBODYS_NUMBER, label=""),
        "agents": Agent.objects.filter(**mine).update(name=ERASED, refusal_text=""),
    }
    SetUpFinding.objects.filter(**mine).update(detail="")
    CallEnding.objects.filter(**mine).update(sentence="", error="")
    for model in (PhoneNumber, Agent):
        staff_log.forget(model, model.objects.filter(**mine).values_list("pk", flat=True))
    HumanLine.objects.filter(**mine).delete()
    Export.objects.filter(**mine).delete()
    for number, endpoint in enumerate(WebhookEndpoint.objects.filter(**mine)):
        endpoint.url = f"{_NOWHERE}{number}"
        endpoint.secret = endpoint.secret_before = ""
        endpoint.save(update_fields=["url", "secret", "secret_before"])
    counts["usage events"] = _ask("erase_usage_metadata(%s)", organization.pk)
    return counts


def erase_caller(organization: Organization, *, e164: str) -> dict[str, int]:
    """Erase one caller's number from the calls of one organization; returns how many rows.

    Call it within a transaction. The number of the organization itself stays.
    """
    mine = {"organization": organization}
    is_theirs = Q(call_from=e164) | Q(call_to=e164)
    counts = {"calls": Call.objects.filter(is_theirs, **mine).count()}
    for side in ("call_from", "call_to"):
        Call.objects.filter(**mine, **{side: e164}).update(**{side: ERASED})
    counts["placed calls"] = Placement.objects.filter(call_to=e164, **mine).update(
        call_to=ERASED, contact_id=""
    )
    for model, column in ((InboundMessage, "body"), (WebhookDelivery, "data")):
        counts[str(model._meta.verbose_name_plural)] = _replace(
            model._meta.db_table, column, organization, e164
        )
    counts["usage events"] = _ask("erase_caller_from_usage(%s, %s)", organization.pk, e164)
    return counts


def _ask(function: str, *values: UUID | str) -> int:
    """Let the database do what the application's role has no right to; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}", list(values))
        count: int = cursor.fetchone()[0]
    return count


def _replace(table: str, column: str, organization: Organization, e164: str) -> int:
    # Both names come from this module.
    statement = (
        f"UPDATE {table} SET {column} = replace({column}::text, %s, %s)::jsonb"  # noqa: S608
        f" WHERE organization_id = %s AND {column}::text LIKE %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement, [f'"{e164}"', f'"{ERASED}"', organization.pk, f'%"{e164}"%']
        )
        return cursor.rowcount
