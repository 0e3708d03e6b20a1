"""What an organization is told, who is told, and where its spending stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts import settings_history
from accounts.models import Organization
from billing.letters import bounces, history, opting_out, recipients
from billing.letters.history import LetterPage
from billing.letters.recipients import Recipient
from billing.models import OPTIONAL_KINDS, BouncedAddress
from metering.balances import spend_cap
from metering.balances.spend_cap import SpendCap
from metering.notices import history as notices
from metering.notices import levels, thresholds
from metering.notices.history import NoticePage
from metering.notices.levels import Crossing, Level, Thresholds
from metering.usage import reports
from metering.usage.reports import CycleReport
from servicebilling.website import addresses
from servicebilling.website.frames import Frame, url_of

LINES = 20
KINDS = {
    "low_usage": "Running low",
    "back_in_service": "Back in service",
    "receipt": "Payments received",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One optional kind of letters for one recipient."""

    kind: str
    label: str
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class RecipientLine:
    who: Recipient
    choices: tuple[Choice, ...]
    may_change: bool
    # Why nothing is sent there any more; empty while letters arrive.
    comes_back: str
    # It is the address of whoever looks at the page.
    is_own: bool


@dataclass(frozen=True, slots=True)
class AlertsPage:
    cycle: CycleReport
    thresholds: Thresholds
    # None: nothing is left that could run out.
    coming: Crossing | None
    recipients: tuple[RecipientLine, ...]
    # Kinds that are off for everybody, with their labels.
    off_for_all: tuple[tuple[str, str], ...]
    cap: SpendCap | None


def of(frame: Frame, *, now: datetime) -> AlertsPage:
    """Return the page with six statements, seven on terms not seen before."""
    organization = frame.organization
    cycle = reports.usage_this_cycle(organization, now=now)
    switches = {str(kind): key for kind, key in opting_out.SETTINGS.items()}
    keys = [*thresholds.KEYS, *switches.values()]
    values = settings_history.values_at(keys, organization, now)
    chosen = thresholds.from_values(values)
    known = recipients.recipients_of(organization)
    marks = bounces.marks_of([one.address for one in known])
    return AlertsPage(
        cycle=cycle,
        thresholds=chosen,
        coming=levels.coming(_level(cycle), chosen),
        recipients=tuple(
            _line(one, frame, marks.get(one.address.lower())) for one in known
        ),
        off_for_all=tuple(
            (kind, label) for kind, label in KINDS.items() if not values[switches[kind]]
        ),
        cap=spend_cap.cap_of(organization),
    )


def _line(one: Recipient, frame: Frame, mark: BouncedAddress | None) -> RecipientLine:
    is_open = frame.organization.status != Organization.Status.CLOSED
    is_self = one.user_id is not None and one.user_id == frame.user_id
    return RecipientLine(
        who=one,
        choices=tuple(
            Choice(str(kind), KINDS[kind], kind not in one.declined)
            for kind in OPTIONAL_KINDS
            if one.may_get(kind)
        ),
        may_change=is_open and (is_self or frame.can("alerts.manage")),
        comes_back=mark.get_reason_display() if mark else "",
        is_own=is_self,
    )


def _level(cycle: CycleReport) -> Level:
    limit: levels.Postpaid = (None, None, None)
    if cycle.when_exhausted == "postpaid":
        limit = levels.postpaid_of(
            cycle.postpaid_limit_amount or Decimal(0),
            cycle.amount_invoiced,
            pays_on=cycle.minutes_ceiling > cycle.minutes_remaining,
        )
    return Level(
        minutes_pool=cycle.minutes_pool,
        minutes_left=cycle.minutes_remaining,
        percent_used=cycle.percent_used,
        wallet=cycle.wallet_balance,
        pays_from_wallet=cycle.when_exhausted == "wallet",
        postpaid_limit=limit[0],
        postpaid_left=limit[1],
        postpaid_percent=limit[2],
    )


@dataclass(frozen=True, slots=True)
class HistoryPage:
    notices: NoticePage
    letters: LetterPage
    older_notices_url: str
    older_letters_url: str
    is_newest: bool


def history_of(frame: Frame, query: Mapping[str, str]) -> HistoryPage:
    """Return both lists with two statements; members see letters about usage alone."""
    here = url_of("website:alerts-history", frame.organization)
    asked = {key: query.get(key, "") for key in ("notices", "letters")}
    told = notices.notices_of(
        frame.organization, before=addresses.place(asked["notices"]), limit=LINES
    )
    sent = history.letters_of(
        frame.organization,
        kinds=() if frame.can("billing.view") else recipients.ABOUT_USAGE,
        before=addresses.row_id(asked["letters"]),
        limit=LINES,
    )
    older = {"notices": "", "letters": ""}
    if told.next:
        older["notices"] = addresses.place_of(*told.next)
    if sent.next:
        older["letters"] = str(sent.next)
    urls = {
        key: addresses.joined(here, asked | {key: place}) if place else ""
        for key, place in older.items()
    }
    return HistoryPage(
        notices=told,
        letters=sent,
        older_notices_url=urls["notices"],
        older_letters_url=urls["letters"],
        is_newest=not any(asked.values()),
    )
