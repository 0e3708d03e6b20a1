"""Looking at how the provider is set up: what lets calls past the gate, or loses reports.

Findings are rows for staff. `mend` points our numbers at us; it never touches an assistant,
because each call brings its own server with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts import settings_history
from metering.calls import vapi
from metering.models import Agent, PhoneNumber, ProviderBalance, SetUpFinding
from metering.providers.base import AssistantSetUp, NumberSetUp, SetUp

PROVIDER = "vapi"
Problem = SetUpFinding.Problem
# What pointing a number at us mends.
OF_NUMBERS = {
    Problem.PRESET_ASSISTANT,
    Problem.FALLBACK_DESTINATION,
    Problem.FOREIGN_SERVER,
    Problem.NO_SERVER,
    Problem.NO_RETRIES,
}


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    subject_id: str
    problem: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mended:
    """A number that was pointed at us, or would be; `problems` is what was wrong."""

    number_id: str
    e164: str
    problems: tuple[str, ...]


def audit(*, now: datetime, is_kept: bool = True) -> list[Finding]:
    """Look at the provider's numbers, assistants and balance, and keep what is wrong.

    What is no longer found is resolved. Raises `ProviderError`, `ProviderNotSetUp`.
    """
    client = vapi.client()
    found_there, left = client.set_up(), client.balance_usd()
    findings = [*_findings(found_there), *_of_balance(left, now)]
    if is_kept:
        _keep(findings, now=now)
        _keep_balance(left, now=now)
    return findings


def _keep_balance(left: Decimal | None, *, now: datetime) -> None:
    if left is not None:
        ProviderBalance.objects.update_or_create(
            provider=PROVIDER, defaults={"amount_usd": left, "read_at": now}
        )


def mend(*, dry_run: bool, now: datetime) -> list[Mended]:
    """Point every number that is mapped to an organization at us, with a plan of retries.

    Raises `ProviderError`, `ProviderNotSetUp`; what was done before stays done.
    """
    client = vapi.client()
    ours = _our_numbers()
    mended = []
    for number in client.set_up().numbers:
        wrong = [problem for problem, _ in _of_number(number) if problem in OF_NUMBERS]
        if number.number_id not in ours or not wrong:
            continue
        if not dry_run:
            client.point_number_here(number.number_id, kind=number.kind)
        mended.append(Mended(number.number_id, number.e164, tuple(wrong)))
    return mended


def _findings(there: SetUp) -> Iterator[Finding]:
    ours, assistants = _our_numbers(), _our_assistants()
    for number in there.numbers:
        # A number of nobody's is nobody's business but the operator's, who sees it there.
        if number.number_id in ours:
            for problem, detail in _of_number(number):
                yield Finding("number", number.number_id, problem, detail)
    if not vapi.is_stand_in():
        yield from _unknown("number", ours, {one.number_id for one in there.numbers})
        listed = {one.assistant_id for one in there.assistants}
        yield from _unknown("assistant", assistants, listed)
    for assistant in there.assistants:
        if assistant.assistant_id in assistants:
            for problem, detail in _of_assistant(assistant):
                yield Finding("assistant", assistant.assistant_id, problem, detail)


def _unknown(subject: str, ours: dict[str, UUID], there: set[str]) -> Iterator[Finding]:
    for subject_id in ours.keys() - there:
        yield Finding(subject, subject_id, Problem.UNKNOWN_THERE, "")


def _of_number(number: NumberSetUp) -> Iterator[tuple[str, str]]:
    here = vapi.config().server_url
    if number.answered_by:
        yield Problem.PRESET_ASSISTANT, f"answered by {number.answered_by} without asking"
    if number.has_fallback:
        yield Problem.FALLBACK_DESTINATION, "dialled, unmetered, when we do not answer"
    if not number.server_url:
        yield Problem.NO_SERVER, "the account's server is asked, if there is one"
    elif number.server_url != here:
        yield Problem.FOREIGN_SERVER, f"asks {_without_query(number.server_url)}"
    elif not number.has_retry_plan:
        yield Problem.NO_RETRIES, "what we miss once is lost"


def _of_assistant(assistant: AssistantSetUp) -> Iterator[tuple[str, str]]:
    here = vapi.config().server_url
    if assistant.server_url and assistant.server_url != here:
        told = _without_query(assistant.server_url)
        yield Problem.FOREIGN_SERVER, f"calls that we do not admit are reported to {told}"
    if not assistant.sends_reports:
        yield Problem.REPORTS_OFF, "calls that we do not admit are never reported"


def _of_balance(left: Decimal | None, now: datetime) -> Iterator[Finding]:
    alert = Decimal(settings_history.value_at("provider_balance_alert", None, now))
    if left is not None and left < alert:
        yield Finding("account", "", Problem.LOW_BALANCE, f"{left} USD are left")


@transaction.atomic
def _keep(findings: list[Finding], *, now: datetime) -> None:
    standing = {
        (row.subject, row.subject_id, row.problem): row
        for row in SetUpFinding.objects.select_for_update().filter(
            provider=PROVIDER, resolved_at=None
        )
    }
    owners = {("number", key): owner for key, owner in _our_numbers().items()}
    owners |= {("assistant", key): owner for key, owner in _our_assistants().items()}
    for one in findings:
        row = standing.pop((one.subject, one.subject_id, one.problem), None)
        row = row or SetUpFinding(
            provider=PROVIDER,
            subject=one.subject,
            subject_id=one.subject_id,
            problem=one.problem,
            first_seen_at=now,
        )
        row.organization_id = owners.get((one.subject, one.subject_id))
        row.detail, row.last_seen_at = one.detail[:500], now
        row.save()
    for row in standing.values():
        row.resolved_at = now
        row.save(update_fields=["resolved_at"])


def _our_numbers() -> dict[str, UUID]:
    numbers = PhoneNumber.objects.filter(provider=PROVIDER, valid_to=None)
    return dict(numbers.values_list("provider_number_id", "organization_id"))


def _our_assistants() -> dict[str, UUID]:
    agents = Agent.objects.filter(provider=PROVIDER)
    return dict(agents.values_list("provider_assistant_id", "organization_id"))


def _without_query(url: str) -> str:
    """A query or password of somebody's URL is no business of staff's lists."""
    return url.split("?")[0].split("@")[-1][:200]
