"""What staff ask the call log for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q

from accounts.models import Organization
from metering.models import Agent, Call, PhoneNumber

# How far back is looked for what no index leads to, where no other time is asked for.
SEARCH_BACK = timedelta(days=31)
SPAN_MAX = timedelta(days=366)
NAMES_MAX = 50
LOSSES = "losses"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the log is narrowed to; None and empty narrow nothing, an empty tuple to nothing.
    Times are half-open."""

    organization_ids: tuple[UUID, ...] | None = None
    agent_ids: tuple[UUID, ...] | None = None
    number_ids: tuple[UUID, ...] | None = None
    call_id: str = ""
    status: str = ""
    ended_reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    # Calls alone that cost more than they brought, from `since` until then.
    loses_until: datetime | None = None


class CallsForm(forms.Form):
    organization = forms.CharField(max_length=80, required=False)
    agent = forms.CharField(max_length=120, required=False)
    number = forms.CharField(max_length=20, required=False)
    status = forms.ChoiceField(choices=[("", "any"), *Call.Status.choices], required=False)
    ended_reason = forms.CharField(max_length=160, required=False)
    call_id = forms.CharField(label="Provider's call id", max_length=200, required=False)
    only = forms.ChoiceField(
        label="Margin", choices=[("", "any"), (LOSSES, "losses")], required=False
    )
    first = forms.DateField(
        label="From, UTC", required=False, widget=forms.DateInput({"type": "date"})
    )
    last = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"})
    )

    def __init__(self, *args: Any, sees_money: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if not sees_money:
            del self.fields["only"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and not 1970 <= day.year <= 9000:
                self.add_error(name, "There were no calls then.")
        if first and last and not first <= last <= first + SPAN_MAX:
            self.add_error("last", "Choose a span of at most a year, first day first.")
        return cleaned

    def wanted(self, *, now: datetime) -> Wanted:
        """Return what is asked for, names resolved with one statement each."""
        said = self.cleaned_data
        is_leading = said["organization"] or said["agent"] or said["number"]
        since = _midnight(said["first"]) if said["first"] else None
        until = _midnight(said["last"] + timedelta(days=1)) if said["last"] else None
        needs_end = any(
            said.get(name) for name in ("status", "ended_reason", "agent", "only")
        )
        only_losses = bool(said.get("only"))
        if since is None and needs_end and (only_losses or not said["call_id"]):
            since = (until or now) - (SPAN_MAX if is_leading else SEARCH_BACK)
        return Wanted(
            organization_ids=_organizations(said["organization"]),
            agent_ids=_agents(said["agent"]),
            number_ids=_numbers(said["number"]),
            call_id=said["call_id"],
            status=said["status"],
            ended_reason=said["ended_reason"],
            since=since,
            until=until,
            loses_until=(until or now) if only_losses else None,
        )


def _organizations(said: str) -> tuple[UUID, ...] | None:
    if not said:
        return None
    named = Q(slug=said.lower()) | Q(name__iexact=said)
    if _is_uuid(said):
        named = Q(pk=said)
    rows = Organization.objects.filter(named)
    return tuple(rows.values_list("pk", flat=True)[:NAMES_MAX])


def _agents(said: str) -> tuple[UUID, ...] | None:
    if not said:
        return None
    rows = Agent.objects.filter(Q(name__iexact=said) | Q(provider_assistant_id=said))
    return tuple(rows.values_list("pk", flat=True)[:NAMES_MAX])


def _numbers(said: str) -> tuple[UUID, ...] | None:
    if not said:
        return None
    # A plus that was not escaped arrives as a space, and is trimmed.
    rows = PhoneNumber.objects.filter(e164=f"+{said.removeprefix('+')}")
    return tuple(rows.values_list("pk", flat=True)[:NAMES_MAX])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _is_uuid(said: str) -> bool:
    try:
        UUID(said)
    except ValueError:
        return False
    return True
